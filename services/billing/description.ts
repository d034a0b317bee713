import type { ApiDescription } from '@fanfold/description/operations';
import { problem } from '@fanfold/runtime/answers';
import * as answers from './src/answers.ts';

/** What the API of billing says about itself, besides its code. `pnpm fanfold describe` makes openapi.json of both. */
export const api: ApiDescription = {
  title: 'Fanfold billing',
  description:
    'Shows invoices and credit notes. Billing issues them by itself: an invoice for each captured payment, and a credit note for each refund. Amounts are integers in the minor unit of their currency.',
  schemas: {
    Invoice: answers.invoice,
    CreditNote: answers.creditNote,
    InvoiceList: answers.invoiceList,
    CreditNoteList: answers.creditNoteList,
    Problem: problem,
  },
  operations: {
    getInvoice: {
      description: 'The invoice as it was issued, with what its credit notes take back.',
      path: { id: { schema: answers.invoiceId, description: 'The id of the invoice.' } },
      answers: {
        200: {
          when: 'The invoice.',
          schema: answers.invoice,
          links: { listCreditNotes: { invoiceId: '/id' }, listInvoices: { paymentId: '/paymentId' } },
        },
      },
      problems: ['not_found'],
    },
    listInvoices: {
      description: 'All invoices of the merchant, or those of a payment or an order, page by page.',
      answers: {
        200: {
          when: 'A page of invoices.',
          schema: answers.invoiceList,
          links: { getInvoice: { id: '/data/0/id' }, listInvoices: { startingAfter: '/data/0/id' } },
        },
      },
    },
    getCreditNote: {
      description: 'The credit note as it was issued.',
      path: { id: { schema: answers.creditNoteId, description: 'The id of the credit note.' } },
      answers: {
        200: {
          when: 'The credit note.',
          schema: answers.creditNote,
          links: { getInvoice: { id: '/invoiceId' } },
        },
      },
      problems: ['not_found'],
    },
    listCreditNotes: {
      description: 'All credit notes of the merchant, or those of a payment or an invoice, page by page.',
      answers: {
        200: {
          when: 'A page of credit notes.',
          schema: answers.creditNoteList,
          links: { getCreditNote: { id: '/data/0/id' }, listCreditNotes: { startingAfter: '/data/0/id' } },
        },
      },
    },
  },
  problems: {},
};

import { sellerRequest } from '@fanfold/contracts/seller';
import type { ApiDescription } from '@fanfold/description/operations';
import { problem } from '@fanfold/runtime/answers';
import * as answers from './src/answers.ts';

/** What the API of billing says about itself, besides its code. `pnpm fanfold describe` makes openapi.json of both. */
export const api: ApiDescription = {
  title: 'Fanfold billing',
  description:
    'Shows invoices and credit notes, and has the seller who issues them. Billing issues them by itself: an invoice for each captured payment, and a credit note for each refund. Amounts are integers in the minor unit of their currency.',
  schemas: {
    Invoice: answers.invoice,
    CreditNote: answers.creditNote,
    InvoiceList: answers.invoiceList,
    CreditNoteList: answers.creditNoteList,
    SellerRequest: sellerRequest,
    Seller: answers.seller,
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
    getSeller: {
      description:
        "Who issues the merchant's documents: the seller that was put last, or the default of the stage, which has version 0.",
      answers: { 200: { when: 'The seller.', schema: answers.seller } },
      problems: ['not_found'],
    },
    putSeller: {
      description:
        "Changes who issues the merchant's documents, from the next one on. What was issued keeps its seller, and credit notes repeat that of their invoice. All members are replaced: what is left out has none. The same seller makes no new version. Captures that waited for a seller get their invoices within minutes, in order of capture.",
      answers: { 200: { when: 'The seller.', schema: answers.seller, links: { getSeller: {} } } },
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

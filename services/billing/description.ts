import { sellerBody } from '@fanfold/contracts/seller';
import type { ApiDescription, Operation } from '@fanfold/description/operations';
import { problem } from '@fanfold/runtime/answers';
import * as answers from './src/answers.ts';

const path = {
  invoice: { id: { schema: answers.invoiceId, description: 'The id of the invoice.' } },
  creditNote: { id: { schema: answers.creditNoteId, description: 'The id of the credit note.' } },
};

const headers = {
  'Content-Disposition': 'The name to save it under.',
  ETag: 'SHA-256 of the bytes, in hexadecimal and quotation marks: the one that the event of the file names.',
};

const xml = (syntax: string, path: NonNullable<Operation['path']>): Operation => ({
  description: `The ${syntax} that the document was issued with, byte for byte. Which profiles there are depends on what the document has.`,
  path,
  answers: {
    200: { when: 'The file.', contentType: 'application/xml', file: `${syntax}, in UTF-8.`, headers },
  },
  problems: ['not_found', 'profile_not_available'],
});

const pdf = (path: NonNullable<Operation['path']>): Operation => ({
  description:
    'The PDF of the document: PDF/A-3, with its CII inside where it has one. It is made within seconds after the issue. A document from before there were PDFs gets one when it is asked for, marked as a copy of what was issued.',
  path,
  answers: { 200: { when: 'The file.', contentType: 'application/pdf', file: 'PDF/A-3.', headers } },
  problems: ['not_found', 'pdf_not_ready'],
});

/** What the API of billing says about itself, besides its code. `pnpm fanfold describe` makes openapi.json of both. */
export const api: ApiDescription = {
  title: 'Fanfold billing',
  description:
    'Shows invoices and credit notes, and their files: PDF, UBL and CII; and has the seller who issues them. Billing issues them by itself: an invoice for each captured payment, a credit note for each refund, and when a refund fails after it succeeded, an invoice that reverses its credit note. Amounts are integers in the minor unit of their currency.',
  schemas: {
    Invoice: answers.invoice,
    CreditNote: answers.creditNote,
    InvoiceList: answers.invoiceList,
    CreditNoteList: answers.creditNoteList,
    SellerRequest: sellerBody,
    Seller: answers.seller,
    Problem: problem,
  },
  operations: {
    getInvoice: {
      description:
        'The invoice as it was issued, with what its credit notes take back. One that reverses a credit note says which one.',
      path: path.invoice,
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
      description:
        'The credit note as it was issued, and which invoice has reversed it, if its refund has failed since.',
      path: path.creditNote,
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
        "Changes who issues the merchant's documents, from the next one on. What was issued keeps its seller, and credit notes repeat that of their invoice. All members are replaced: what is left out has none. The same seller makes no new version. Captures that waited for a seller get their invoices within minutes, in order of capture. A logo is kept as it was with each document: what `GET /seller` answers of it can be put again without its bytes.",
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
    invoiceUbl: xml('UBL', path.invoice),
    invoiceCii: xml('CII', path.invoice),
    invoicePdf: pdf(path.invoice),
    creditNoteUbl: xml('UBL', path.creditNote),
    creditNoteCii: xml('CII', path.creditNote),
    creditNotePdf: pdf(path.creditNote),
  },
  problems: {
    profile_not_available: {
      status: 409,
      when: 'The document was not issued in this form. `errors` says what it lacks for it. The profile `en16931` lacks hardly anything.',
    },
    pdf_not_ready: {
      status: 409,
      when: 'The PDF is being made. Ask again after the time in Retry-After.',
      headers: ['Retry-After'],
    },
  },
};

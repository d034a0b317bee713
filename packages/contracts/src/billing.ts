import * as z from 'zod';
import { defineEvent, maxLength } from './event.ts';
import {
  amountMinor,
  currency,
  day,
  documentNumber,
  electronicAddress,
  orderId,
  sha256,
  totals,
} from './fields.ts';
import { dayTotals } from './payments.ts';
import { nonPersonal, personal } from './personal.ts';
import { seller } from './seller.ts';

const source = '/billing';

const id = nonPersonal(z.string().max(maxLength.subject));

/** Where billing's API shows the file, such as `/invoices/inv_…/ubl?profile=peppol`. */
const path = nonPersonal(z.string().max(256));

/** An XML file that a document was issued with: its syntax, and the rules that it fulfils besides those of EN 16931. */
export const issuedFile = z.object({
  format: z.enum(['ubl', 'cii']),
  profile: z.enum(['en16931', 'peppol', 'xrechnung']),
  sha256,
  path,
});

/** Whom a document is for: what a service that sends it needs. */
const recipient = z.object({
  name: personal(z.string()),
  email: personal(z.string()).nullable(),
  /** In a network of electronic documents, such as `0208` `0403019261`. */
  electronicAddress: electronicAddress.nullable(),
});
export type Recipient = z.output<typeof recipient>;

/** Whether there is a file for accounting systems, and if not, why. */
export const electronic = z.object({ available: z.boolean(), reason: personal(z.string()).nullable() });

/** What is known of a document's files when it is issued. Absent in events of documents that were issued without any. */
const asIssued = {
  documents: z.array(issuedFile).optional(),
  electronic: electronic.optional(),
  recipient: recipient.optional(),
};

/** What is known of the PDF. */
const asRendered = {
  format: z.literal('pdf'),
  sha256,
  path,
  /** Of a document that was issued before documents had a PDF: it is marked as a copy of what was issued. */
  isCopy: z.boolean(),
  recipient,
};

export const invoiceIssued = defineEvent({
  type: 'invoice.issued.v1',
  source,
  description:
    'A captured payment has its invoice, with its final number, or a refund that failed after it had succeeded has the invoice that reverses its credit note. An invoice never changes.',
  data: () =>
    z.object({
      invoiceId: id,
      number: documentNumber,
      issueDate: day,
      paymentId: id,
      orderId,
      currency,
      totals,
      /** As it was at issue. Invoices of payments without an order have none. */
      seller: seller.extend({ version: z.int().min(0) }).optional(),
      /** Whether it says less about the buyer than an invoice in full; missing when it does not. */
      isSimplified: z.boolean().optional(),
      /** The credit note whose amounts this invoice charges again; missing in the invoice of a payment. */
      reverses: z.object({ creditNoteId: id, creditNoteNumber: documentNumber, refundId: id }).optional(),
      ...asIssued,
    }),
});

export const invoiceRendered = defineEvent({
  type: 'invoice.rendered.v1',
  source,
  description: 'An invoice has its PDF, whose bytes stay the same from now on.',
  data: () => z.object({ invoiceId: id, number: documentNumber, paymentId: id, ...asRendered }),
});

export const creditNoteIssued = defineEvent({
  type: 'credit-note.issued.v1',
  source,
  description: 'A refund has its credit note, which corrects the invoice of the payment.',
  data: () =>
    z.object({
      creditNoteId: id,
      number: documentNumber,
      issueDate: day,
      invoiceId: id,
      invoiceNumber: documentNumber,
      paymentId: id,
      refundId: id,
      currency,
      amount: amountMinor.min(1),
      totals,
      ...asIssued,
    }),
});

export const creditNoteRendered = defineEvent({
  type: 'credit-note.rendered.v1',
  source,
  description: 'A credit note has its PDF, whose bytes stay the same from now on.',
  data: () =>
    z.object({ creditNoteId: id, number: documentNumber, paymentId: id, refundId: id, ...asRendered }),
});

export const sellerChanged = defineEvent({
  type: 'seller.changed.v1',
  source,
  description:
    'A merchant has put its seller: who issues its documents from now on. What was issued before keeps its seller.',
  data: () =>
    z.object({
      /** Counts a merchant's sellers from 1. Of several events the one with the highest version holds. */
      version: z.int().min(1),
      seller,
    }),
});

/** How many reasons a finding lists at most. */
export const maxParkedReasons = 10;

const daySum = z.object({
  captures: z.int().min(0),
  refunds: z.int().min(0),
  /** Only currencies with captures or refunds. */
  totals: dayTotals,
});

export const billingReconciliationFailed = defineEvent({
  type: 'billing.reconciliation-failed.v1',
  source,
  description:
    "The invoices and credit notes of a merchant's day differ from what payments captured and refunded on it.",
  data: () =>
    z.object({
      date: day,
      /** What payments counted and added up. */
      expected: daySum,
      /** What the documents add up to. */
      found: daySum,
      /** What has no documents so far because it waits for a seller, and what the seller lacks; missing when nothing waits. */
      parked: daySum
        .extend({
          missing: z
            .array(
              z.object({
                pointer: nonPersonal(z.string().max(200)),
                rule: nonPersonal(z.string().max(64)),
                message: personal(z.string().max(300)),
              }),
            )
            .max(maxParkedReasons),
        })
        .optional(),
    }),
});

import { byType, consume } from '@fanfold/runtime/consume';
import { subscribedTypes } from '../../subscriptions.js';
import { noteCreditNoteNumber, noteInvoiceNumber, noteReversalNumber } from '../store/documentNumbers.ts';
import { tableGuard } from '../store/mark.ts';
import { noteSeller } from '../store/sellers.ts';

export const handler = consume(
  subscribedTypes,
  byType({
    'invoice.issued.v1': ({ merchantid, data }) =>
      data.reverses
        ? noteReversalNumber(merchantid, data.paymentId, data.reverses.refundId, data.number)
        : noteInvoiceNumber(merchantid, data.paymentId, data.number),
    'seller.changed.v1': ({ merchantid, data }) => noteSeller(merchantid, data),
    'credit-note.issued.v1': ({ merchantid, data }) =>
      noteCreditNoteNumber(merchantid, data.paymentId, data.refundId, data.number),
  }),
  tableGuard,
);

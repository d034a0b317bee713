import type { EventOfType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import type { EventSource } from './comparison.ts';

type Document = EventOfType<'invoice.issued.v1' | 'credit-note.issued.v1'>;

const kinds: Record<string, string> = { 'invoice.issued.v1': 'INV', 'credit-note.issued.v1': 'CN' };

const isDocument = (event: Event): event is Document => event.type in kinds;

/** Billing's sellers, documents, which PDF each has, and findings, from their events, and the documents also from what they were issued for. */
export const billingEvents: EventSource = {
  service: 'billing',
  types: [
    'seller.changed.v1',
    'invoice.issued.v1',
    'credit-note.issued.v1',
    'invoice.rendered.v1',
    'credit-note.rendered.v1',
    'billing.reconciliation-failed.v1',
  ],
  awaited: ['payment.captured.v1', 'payment.refunded.v1', 'payment.refund-failed.v1'],
  needsCause: (type) => type in kinds,
  isCounted: (type) => type in kinds,
  amountOf: (event) => {
    if (!isDocument(event)) return { currency: '', amountMinor: 0 };
    const { currency, totals } = event.data;
    return { currency, amountMinor: totals.gross + (totals.rounding ?? 0) };
  },
  numberOf: (event) => {
    const [, series, number] = isDocument(event) ? (/^(.*)-(\d+)$/.exec(event.data.number) ?? []) : [];
    return series === undefined ? undefined : { series, number: Number(number) };
  },
  seriesOf: (type, time) => (type in kinds ? `${kinds[type]}-${time.slice(0, 4)}` : undefined),
};

import { creditNoteRendered, invoiceRendered, type Recipient } from '@fanfold/contracts/billing';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { type Event, makeEvent, type Trace } from '@fanfold/contracts/event';
import type { CreditNote } from '../creditNote.ts';
import type { Invoice } from '../invoice.ts';
import { type Kind, pathOf, recipientOf } from './issued.ts';

/** The PDF of a document, as it was made: with all that its event says, and under which hash it is stored. */
export type Rendering = {
  documentId: string;
  number: string;
  paymentId: string;
  /** Of a credit note. */
  refundId: string | null;
  sha256: string;
  isCopy: boolean;
  recipient: Recipient;
  renderedAt: string;
  trace: Trace;
};

export const renderingOf = (
  document: Invoice | CreditNote,
  made: Pick<Rendering, 'sha256' | 'isCopy' | 'renderedAt' | 'trace'>,
): Rendering => ({
  documentId: document.id,
  number: document.number,
  paymentId: document.paymentId,
  refundId: 'refundId' in document ? document.refundId : null,
  recipient: recipientOf(document),
  ...made,
});

export type DocumentRendered = EventOfType<'invoice.rendered.v1' | 'credit-note.rendered.v1'>;

/** What was made, from the event that said so. */
export function renderingFromEvent({ subject, time, data, ...event }: DocumentRendered): Rendering {
  const { number, paymentId, sha256, isCopy, recipient } = data;
  const { correlationid, causationid, traceparent } = event;
  return {
    documentId: subject,
    number,
    paymentId,
    refundId: 'refundId' in data ? data.refundId : null,
    sha256,
    isCopy,
    recipient,
    renderedAt: time,
    trace: { correlationid, causationid, traceparent },
  };
}

/** A document's second event: the first one is that of its issue. */
export function eventOfRendering(merchantid: string, rendering: Rendering): Event {
  const { documentId, number, paymentId, refundId, sha256, isCopy, recipient, renderedAt, trace } = rendering;
  const about = { subject: documentId, n: 2, time: renderedAt, merchantid, trace };
  const kind: Kind = refundId === null ? 'invoice' : 'credit-note';
  const facts = {
    number,
    paymentId,
    format: 'pdf',
    sha256,
    path: pathOf(kind, documentId, 'pdf'),
    isCopy,
    recipient,
  } as const;
  return refundId === null
    ? makeEvent(invoiceRendered, { ...about, data: { invoiceId: documentId, ...facts } })
    : makeEvent(creditNoteRendered, { ...about, data: { creditNoteId: documentId, refundId, ...facts } });
}

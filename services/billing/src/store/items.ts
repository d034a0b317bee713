import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { billingReconciliationFailed } from '@fanfold/contracts/billing';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import type { Finding } from '@fanfold/runtime/finding';
import { packedItem, unpackedItem } from '@fanfold/runtime/packed';
import type { Account, Entries, Issued, Reversed } from '../books.ts';
import { type CreditNote, eventOfCreditNote } from '../creditNote.ts';
import { eventOfRendering, type Rendering } from '../files/rendering.ts';
import { eventOfInvoice, type Invoice, paidOf } from '../invoice.ts';
import type { Difference, Document } from '../reconciliation.ts';
import { type CurrentSeller, eventOfSeller, type SellerChange } from '../seller.ts';
import type { Series } from '../series.ts';

/**
 * The billing table, `pk` = `<merchant>#<id>`:
 * - an account per payment, with the invoice's id: the invoice, its credit notes, parked refunds; before it, a parked capture;
 * - a credit note per refund;
 * - an invoice per refund that failed after it had succeeded, which reverses its credit note;
 * - a series per kind of document and year, with its name;
 * - the PDF of a document, with `/pdf` behind the document's id: which it is, or that somebody asked for it;
 * - a finding per day whose documents differ from what payments captured and refunded;
 * - the seller that a merchant has put last, each of its versions, and the keys of the requests.
 *
 * A document, its number and the changed account are written in one transaction, on condition that none of them was
 * written since it was read. So a number is never taken without its document, and never twice. `said` marks writes
 * that have an event: that of the issued document, or of the finding. The publisher makes it from the image in the
 * table's stream. If a record is lost before it was published, `republishDocument` makes the stream carry it again.
 *
 * What a document says is packed: the attributes `invoice`, `creditNote` and `reversal` of an item. Items from before that are read as
 * they are, and packed by their next write.
 *
 * Invoices and credit notes are stored with the fingerprint of the event that they are of, so that the event is
 * recognised even if the form of documents changes.
 *
 * Indexes: `ByMerchant` has a merchant's documents by number, with the fields for the totals of a day; these never
 * change, so they cause no extra writes. `ByOrder` has the keys of the invoices of an order. `Waiting` has what waits for a seller:
 * parked captures, and findings that tell of some.
 */
export type AccountItem = Omit<Account, 'id' | 'invoice'> &
  Partial<Indexed> &
  Partial<Waiting> & {
    pk: string;
    /** Whether the publisher has an event for this write: the name that stored items and the stream's filter have. */
    said: boolean;
    renders?: Renders;
    order?: string;
    /** Without its id, which is in the key: a write unit takes a kilobyte, and a transaction counts twice. */
    invoice: Omit<Invoice, 'id'> | null;
  };

export type CreditNoteItem = Indexed & Issued & { pk: string; said: boolean; renders?: Renders };

export type ReversalItem = Indexed &
  Reversed & { pk: string; order: string; said: boolean; renders?: Renders };

/**
 * That this write has issued a document, whose PDF is to be made. Documents from before there were PDFs have none, and an event
 * that is published again makes none.
 */
type Renders = true;

export type Indexed = Document & {
  /** `<merchant>#<kind>` */
  documents: string;
  number: string;
};

/** The attributes of the index of what waits for a seller: it is sparse, and has nothing else. */
export type Waiting = {
  waits: 'seller';
  /** `<merchant>#<time of the capture>#<invoice's id>`: each merchant's in order of capture. */
  waitsAs: string;
  /** Of a capture: the seller that it was tried with. */
  tried?: string;
};

export type FindingItem = Partial<Waiting> & {
  pk: string;
  merchantId: string;
  finding: Finding<Difference>;
  said: boolean;
};

export type RenderingItem = {
  pk: string;
  merchantId: string;
  /** As long as there is none, and somebody asked for it: the event of the document's issue, for the renderer, and when. */
  asked?: string;
  askedAt?: string;
  rendering?: Rendering;
  said: boolean;
};

export type SeriesItem = Series & {
  pk: string;
  /** Stored by earlier versions instead of `lastIssuedAt`. */
  lastIssueDate?: string;
};

export type SellerItem = CurrentSeller & { pk: string };

export type SellerVersionItem = SellerChange & { pk: string; said: boolean };

/** A request that has put a seller, by its Idempotency-Key: it has its effect once. */
export type SellerRequestItem = { pk: string; merchantId: string; fingerprint: string };

export type Stored =
  | AccountItem
  | CreditNoteItem
  | ReversalItem
  | SeriesItem
  | FindingItem
  | RenderingItem
  | SellerItem
  | SellerVersionItem
  | SellerRequestItem;

/** What a document says, which no index, condition or filter needs. */
const packedNames = ['invoice', 'creditNote', 'reversal'];

/** An item as the table has it. */
export const attributesOf = (item: Stored): Record<string, AttributeValue> =>
  packedItem<Record<string, unknown> & { pk: string }>(item, packedNames);

/** An item of the table, or of its stream. */
export const storedOf = (attributes: Record<string, AttributeValue>): Stored =>
  unpackedItem(attributes) as Stored;

export function accountItem(account: Account, hasNewInvoice: boolean): AccountItem {
  const { id, invoice, ...stored } = account;
  const { merchantId, parkedCapture } = account;
  return {
    ...stored,
    invoice: invoice && withoutId(invoice),
    pk: `${merchantId}#${id}`,
    said: hasNewInvoice,
    ...(hasNewInvoice && { renders: true }),
    ...(invoice && {
      ...indexed(merchantId, 'invoice', invoice, paidOf(invoice)),
      order: `${merchantId}#${invoice.orderId}`,
    }),
    ...(parkedCapture && {
      waits: 'seller',
      waitsAs: `${merchantId}#${parkedCapture.event.time}#${id}`,
      tried: parkedCapture.tried,
    }),
  };
}

const withoutId = ({ id, ...facts }: Invoice): Omit<Invoice, 'id'> => facts;

export function accountOfItem(stored: AccountItem): Account {
  const { waits: _, waitsAs: _as, tried: _tried, renders: _renders, ...item } = stored;
  const id = item.pk.slice(item.merchantId.length + 1);
  return { id, ...item, invoice: item.invoice && { id, ...item.invoice } };
}

/** One that is new, or one that says which invoice has reversed it: then its event was published before. */
export const creditNoteItem = ({
  merchantId,
  creditNote,
  fingerprint,
  isNew,
}: Entries['creditNotes'][number]): CreditNoteItem => ({
  ...{ merchantId, creditNote },
  ...(fingerprint !== undefined && { fingerprint }),
  pk: `${merchantId}#${creditNote.id}`,
  said: isNew,
  ...(isNew && { renders: true }),
  ...indexed(merchantId, 'credit-note', creditNote, creditNote.amount),
});

export const issuedOfItem = ({ merchantId, creditNote, fingerprint }: CreditNoteItem): Issued => ({
  merchantId,
  creditNote,
  ...(fingerprint !== undefined && { fingerprint }),
});

/**
 * It is among the invoices of its merchant, as it takes their numbers. Its amount is negative there, which tells it from the
 * invoice of a payment: an index cannot be given another attribute.
 */
export const reversalItem = ({ merchantId, reversal, fingerprint }: Reversed): ReversalItem => ({
  ...{ merchantId, reversal, fingerprint },
  pk: `${merchantId}#${reversal.id}`,
  said: true,
  renders: true,
  ...indexed(merchantId, 'invoice', reversal, -paidOf(reversal)),
  order: `${merchantId}#${reversal.orderId}`,
});

const indexed = (
  merchantId: string,
  kind: 'invoice' | 'credit-note',
  { number, issueDate, happenedOn, currency }: Invoice | CreditNote,
  amount: number,
): Indexed => ({
  documents: documentsOf(merchantId, kind),
  number: sortableNumber(number),
  issueDate,
  happenedOn,
  currency,
  amount,
});

/** The key of the index for a merchant's documents of a kind. */
export const documentsOf = (merchantId: string, kind: 'invoice' | 'credit-note'): string =>
  `${merchantId}#${kind}`;

/** Numbers have six digits or more. As text they sort correctly only at the same length. */
export const sortableNumber = (number: string): string =>
  number.replace(/\d+$/, (count) => count.padStart(12, '0'));

export const seriesItem = (series: Series): SeriesItem => ({
  ...series,
  pk: `${series.merchantId}#${series.name}`,
});

export const seriesOfItem = ({ pk: _pk, lastIssueDate, ...series }: SeriesItem): Series =>
  lastIssueDate === undefined ? series : { ...series, lastIssuedAt: `${lastIssueDate}T00:00:00.000Z` };

export const renderingKey = (merchantId: string, documentId: string): string =>
  `${merchantId}#${documentId}/pdf`;

/** It is stored before its event: what the event could not have, the table does not get. */
export function renderingItem(merchantId: string, rendering: Rendering): RenderingItem {
  eventOfRendering(merchantId, rendering);
  return { pk: renderingKey(merchantId, rendering.documentId), merchantId, rendering, said: true };
}

/** The events of the write that this image of the stream shows. */
export const eventsOf = (image: Record<string, AttributeValue>): Event[] => eventsOfItem(storedOf(image));

/** Documents to render, by the events of their issue: those that this image issues, or whose PDF somebody asked for. */
export function toRender(image: Record<string, AttributeValue>): Event[] {
  const item = storedOf(image);
  if ('asked' in item && item.asked) return [JSON.parse(item.asked)];
  return 'renders' in item && item.renders ? eventsOfItem(item) : [];
}

export function eventsOfItem(item: Stored): Event[] {
  if (!('said' in item) || !item.said) return [];
  if ('finding' in item) return [eventOfFinding(item.finding)];
  if ('seller' in item) return [eventOfSeller(item)];
  if ('rendering' in item && item.rendering) return [eventOfRendering(item.merchantId, item.rendering)];
  if ('creditNote' in item) return [eventOfCreditNote(item.merchantId, item.creditNote)];
  if ('reversal' in item) return [eventOfInvoice(item.merchantId, item.reversal)];
  if (!('invoice' in item)) return [];
  const { invoice } = accountOfItem(item);
  return invoice ? [eventOfInvoice(item.merchantId, invoice)] : [];
}

const eventOfFinding = ({ merchantId, date, difference, n, foundAt, trace }: Finding<Difference>): Event =>
  makeEvent(billingReconciliationFailed, {
    subject: findingSubject(date, merchantId),
    n,
    time: foundAt,
    merchantid: merchantId,
    trace,
    data: { date, ...difference },
  });

export const findingKey = (merchantId: string, date: string): string =>
  `${merchantId}#${findingSubject(date, merchantId)}`;

/** While it tells of parked captures it is in the index of what waits, behind them: so it is mended when they are invoiced. */
export const findingItem = (finding: Finding<Difference>, said: boolean): FindingItem => ({
  pk: findingKey(finding.merchantId, finding.date),
  merchantId: finding.merchantId,
  finding,
  said,
  ...(finding.difference.parked &&
    finding.mendedAt === null && {
      waits: 'seller',
      waitsAs: `${finding.merchantId}#rec_${finding.date}`,
    }),
});

export const findingSubject = (date: string, merchantId: string): string => `rec_${date}_${merchantId}`;

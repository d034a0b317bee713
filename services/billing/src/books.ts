import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import type { SellerVersion } from '@fanfold/contracts/seller';
import type { TaxDocument } from '@fanfold/invoicing/document';
import type { Finding } from '@fanfold/invoicing/findings';
import { fingerprintOf as fingerprintOfJson } from '@fanfold/runtime/idempotency';
import { orUnprocessable, Unprocessable } from '@fanfold/runtime/unprocessable';
import {
  type CreditNote,
  creditNoteFor,
  creditNoteIdOf,
  eventOfCreditNote,
  type Refunded,
} from './creditNote.ts';
import { type StoredFile, writeForms } from './files/written.ts';
import { fingerprintOf, isCreditNoteOf, isInvoiceOf } from './fingerprint.ts';
import {
  addsUp,
  type Captured,
  eventOfInvoice,
  type Invoice,
  invoiceFor,
  invoiceIdOf,
  type Numbered,
  paidOf,
} from './invoice.ts';
import { type Kind, newSeries, nextNumber, prefixOfNumber, type Series, seriesName } from './series.ts';
import { findingsOfOrder, groupStretchesOf, hasOrder, type Ordering } from './taxDocument.ts';

/** The billing of one payment: its invoice, its credit notes, and refunds that arrived before the capture. */
export type Account = {
  merchantId: string;
  /** The id of the invoice, issued or not. */
  id: string;
  invoice: Invoice | null;
  /** Of the capture. Older items have none. */
  fingerprint?: string;
  creditNotes: Credited[];
  /** Refunds that arrived before their capture was invoiced. SNS and SQS do not keep the order of events. */
  parked: Refunded[];
  /** The capture, while its invoice waits for a seller. */
  parkedCapture?: ParkedCapture;
  version: number;
};

/** A capture whose invoice waits for a seller that can issue it. It has no number so far. */
export type ParkedCapture = {
  event: Captured;
  /** What the invoice needs and the current seller lacks. */
  missing: Finding[];
  /** The seller that was tried, by {@link triedOf}: the same one need not be tried again. */
  tried: string;
};

export type Credited = {
  id: string;
  number: string;
  refundId: string;
  amount: number;
  /**
   * The total refunded, this refund included: the end of the part of the invoice that it takes back. Older items have
   * none.
   */
  amountRefunded?: number;
  /** From where to where it goes in each category and rate, when it does not follow from that. */
  groups?: { from: number; to: number }[];
};

export type BillableEvent = Captured | Refunded;

/** A credit note, as it is stored. */
export type Issued = {
  merchantId: string;
  creditNote: CreditNote;
  /** Of the refund. Older items have none. */
  fingerprint?: string;
};

/** The stored accounts, series and credit notes that some events concern. */
export type Known = {
  accounts: Account[];
  series: Series[];
  creditNotes: Issued[];
  /** Who issues a merchant's documents; undefined when nobody does so far. */
  sellerOf: (merchantId: string) => SellerVersion | undefined;
};

/** The changes that some events make, to be written all or none. */
export type Entries = {
  /** With whether the invoice is new. */
  accounts: { account: Account; isIssued: boolean }[];
  creditNotes: Issued[];
  /** With the count before the batch. */
  series: { series: Series; countBefore: number }[];
  /** What the new documents were written as. Their events refer to it, so it is stored before anything else. */
  files: StoredFile[];
};

export const newAccount = (merchantId: string, id: string): Account => ({
  merchantId,
  id,
  invoice: null,
  creditNotes: [],
  parked: [],
  version: 0,
});

/** The account that an event concerns. */
export const accountOf = ({ merchantid, data }: BillableEvent): { merchantId: string; id: string } => ({
  merchantId: merchantid,
  id: invoiceIdOf(data.paymentId),
});

/** The id of the credit note that a refund has or will get. */
export const creditNoteOf = ({ data }: Refunded): string => creditNoteIdOf(data.refund.id);

/** The series that an event may take a number from, of documents with a prefix. */
export const seriesOf = (
  { merchantid }: BillableEvent,
  now: Date,
  prefix: string | null,
): { merchantId: string; name: string }[] =>
  (['INV', 'CN'] as const).map((kind) => ({ merchantId: merchantid, name: seriesName(kind, now, prefix) }));

/**
 * The books, and the changes that a batch of events makes to them. Events, also several of one payment, are applied
 * one after another and then written together, so each number is taken once.
 */
export class Books {
  readonly #now: Date;
  readonly #accounts: Map<string, Account>;
  readonly #series: Map<string, Series>;
  readonly #sellerOf: Known['sellerOf'];
  readonly #creditNotes: Map<string, Issued>;
  readonly #changedAccounts = new Map<string, boolean>();
  readonly #newCreditNotes: Entries['creditNotes'] = [];
  readonly #countsBefore = new Map<string, number>();
  readonly #files: StoredFile[] = [];

  constructor({ accounts, series, creditNotes, sellerOf }: Known, now: Date) {
    this.#sellerOf = sellerOf;
    this.#accounts = new Map(accounts.map((account) => [keyOf(account.merchantId, account.id), account]));
    this.#series = new Map(series.map((each) => [keyOf(each.merchantId, each.name), each]));
    this.#creditNotes = new Map(
      creditNotes.map((issued) => [keyOf(issued.merchantId, issued.creditNote.id), issued]),
    );
    this.#now = now;
  }

  /**
   * Applies an event. One that was applied before, in the same or another form, changes nothing.
   *
   * @throws Unprocessable when it contradicts the books, which then stay as they were
   */
  apply(event: BillableEvent): void {
    if (event.type === 'payment.captured.v1') this.#issue(event);
    else this.#credit(event);
  }

  entries(): Entries {
    const changed = [...this.#changedAccounts].map(([key, isIssued]) => ({
      account: this.#accounts.get(key) as Account,
      isIssued,
    }));
    const series = [...this.#countsBefore].map(([key, countBefore]) => ({
      series: this.#series.get(key) as Series,
      countBefore,
    }));
    return { accounts: changed, creditNotes: this.#newCreditNotes, series, files: this.#files };
  }

  #issue(event: Captured): void {
    const account = this.#account(event);
    if (account.invoice) {
      const { invoice, fingerprint } = account;
      const isRepeated =
        fingerprint === undefined ? isInvoiceOf(invoice, event) : fingerprint === fingerprintOf(event);
      if (!isRepeated) throw contradiction(event, `${invoice.number} was issued with other data`);
      return;
    }
    const { parkedCapture, ...free } = account;
    if (parkedCapture && fingerprintOf(parkedCapture.event) !== fingerprintOf(event))
      throw contradiction(event, 'it came with other data before');
    if (!addsUp(event)) throw contradiction(event, 'its amounts and lines do not add up');
    const seller = hasOrder(event) ? this.#sellerOf(event.merchantid) : undefined;
    const missing = hasOrder(event) ? lacksOf(event, seller) : [];
    if (missing.length > 0) {
      const tried = triedOf(seller);
      if (parkedCapture?.tried !== tried)
        this.#change({ ...account, parkedCapture: { event, missing, tried } });
      return;
    }
    const next = this.#next('INV', event.merchantid, seller?.seller.numberingPrefix ?? null);
    const { document: invoice, file } = withFiles(invoiceFor(event, next.numbered, seller));
    if (paidOf(invoice) !== event.data.amountCaptured)
      throw contradiction(event, 'its lines do not add up to its amount');
    orUnprocessable('unpublishable', () => eventOfInvoice(event.merchantid, invoice));
    this.#take(next.series, file);
    this.#change({ ...free, invoice, fingerprint: fingerprintOf(event), parked: [] }, true);
    for (const refunded of account.parked) this.#creditParked(refunded);
  }

  /**
   * A parked refund that does not fit stays parked, and so does one whose credit note cannot be made, for whatever reason: its
   * message is done, so it is nowhere else. It must not prevent the invoice, nor the refunds after it.
   */
  #creditParked(refunded: Refunded): void {
    try {
      this.#credit(refunded);
    } catch {
      const account = this.#account(refunded);
      this.#change({ ...account, parked: [...account.parked, refunded] });
    }
  }

  #credit(event: Refunded): void {
    const account = this.#account(event);
    const { invoice, creditNotes } = account;
    const { amountRefunded, refund } = event.data;
    if (!invoice) {
      this.#park(account, event);
      return;
    }
    const known = this.#creditNotes.get(keyOf(event.merchantid, creditNoteOf(event)));
    const credited = creditNotes.find(({ refundId }) => refundId === refund.id);
    if (credited) {
      const isRepeated =
        known?.fingerprint === undefined
          ? isOf(invoice, event) &&
            (credited.amountRefunded ?? amountRefunded) === amountRefunded &&
            (!known || isCreditNoteOf(known.creditNote, event))
          : known.fingerprint === fingerprintOf(event);
      if (!isRepeated) throw contradiction(event, `${credited.number} was issued with other data`);
      return;
    }
    const reason = known
      ? `${known.creditNote.number} is of another refund`
      : misfitOf(event, invoice, creditNotes);
    if (reason) throw contradiction(event, reason);
    // That of the seller who has issued the invoice, as the credit note repeats its parties.
    const prefix = prefixOfNumber(invoice.number);
    const next = this.#next('CN', event.merchantid, prefix, new Date(invoice.createdAt));
    const { document: creditNote, file } = withFiles(creditNoteFor(invoice, event, next.numbered));
    orUnprocessable('unpublishable', () => eventOfCreditNote(event.merchantid, creditNote));
    this.#take(next.series, file);
    const issued = { merchantId: event.merchantid, creditNote, fingerprint: fingerprintOf(event) };
    this.#creditNotes.set(keyOf(event.merchantid, creditNote.id), issued);
    this.#newCreditNotes.push(issued);
    const { id, number } = creditNote;
    const entry = {
      id,
      number,
      refundId: refund.id,
      amount: refund.amount,
      amountRefunded,
      ...groupsOf(invoice, event),
    };
    this.#change({ ...account, creditNotes: [...creditNotes, entry] });
  }

  /** Keeps a refund until its capture comes. Of two that contradict each other, the second is refused. */
  #park(account: Account, event: Refunded): void {
    const { parked } = account;
    const { data } = event;
    const known = parked.find((other) => other.data.refund.id === data.refund.id);
    if (known) {
      if (fingerprintOf(known) !== fingerprintOf(event))
        throw contradiction(event, `${known.id} came with other data`);
      return;
    }
    const [from, to] = stretchOf(data);
    if (from < 0 || to > data.amountCaptured) throw contradiction(event, 'it is more than was captured');
    const other = parked.find(
      (one) => one.data.currency === data.currency && overlap(stretchOf(one.data), stretchOf(data)),
    );
    if (other) throw contradiction(event, `${other.id} has refunded a part of the same`);
    if (parked.length >= maxRefundsPerPayment) throw contradiction(event, tooManyRefunds);
    this.#change({ ...account, parked: [...parked, event] });
  }

  #account(event: BillableEvent): Account {
    const { merchantId, id } = accountOf(event);
    return this.#accounts.get(keyOf(merchantId, id)) ?? newAccount(merchantId, id);
  }

  #change(account: Account, isIssued = false): void {
    const key = keyOf(account.merchantId, account.id);
    this.#changedAccounts.set(key, isIssued || (this.#changedAccounts.get(key) ?? false));
    this.#accounts.set(key, account);
  }

  /** @param earliest a document is not dated, nor numbered in a year, before this, also when this clock is behind */
  #next(
    kind: Kind,
    merchantId: string,
    prefix: string | null,
    earliest = this.#now,
  ): { numbered: Numbered; series: Series } {
    const now = new Date(Math.max(this.#now.getTime(), earliest.getTime()));
    const name = seriesName(kind, now, prefix);
    const before = this.#series.get(keyOf(merchantId, name)) ?? newSeries(merchantId, name);
    const { number, issuedAt, series } = nextNumber(before, now);
    return { numbered: { number, series: name, issuedAt }, series };
  }

  /** A number is taken only after its document was made, so a document that cannot be made leaves no gap, and no file. */
  #take(series: Series, file: StoredFile | null): void {
    if (file) this.#files.push(file);
    const key = keyOf(series.merchantId, series.name);
    if (!this.#countsBefore.has(key)) this.#countsBefore.set(key, series.count - 1);
    this.#series.set(key, series);
  }
}

/** How much is kept of what a seller lacks: it is for people, who mend one thing after another. */
const maxMissing = 10;

/**
 * What keeps an order from being invoiced that another seller would not lack.
 *
 * @throws Unprocessable when no seller could issue it
 */
function lacksOf(event: Ordering, seller: SellerVersion | undefined): Finding[] {
  if (!seller) return [nobody];
  const findings = findingsOfOrder(event, seller);
  const other = findings.find(({ pointer }) => !pointer.startsWith('/seller'));
  if (other) throw contradiction(event, `${other.rule} at ${other.pointer}: it ${other.message}`);
  return findings.slice(0, maxMissing);
}

const nobody: Finding = { pointer: '/seller', rule: 'seller', message: 'must be put: PUT /seller' };

/** A seller, as it is noted beside a capture that was tried with it. */
export const triedOf = (seller: SellerVersion | undefined): string =>
  seller ? fingerprintOfJson(seller.seller) : 'nobody';

/** A document with what it is written as in XML, if it has what that needs. */
function withFiles<Document extends Invoice | CreditNote>(
  document: Document,
): { document: Document; file: StoredFile | null } {
  if (!document.taxDocument) return { document, file: null };
  const { file, ...files } = writeForms(document.taxDocument);
  return { document: { ...document, files }, file };
}

/** The part of the captured amount that a refund takes back, in minor units: refunds lie end to end. */
type Stretch = [from: number, to: number];

const stretchOf = ({ amountRefunded, refund }: Refunded['data']): Stretch => [
  amountRefunded - refund.amount,
  amountRefunded,
];

const overlap = ([from, to]: Stretch, [otherFrom, otherTo]: Stretch): boolean =>
  from < otherTo && otherFrom < to;

const tooManyRefunds = `a payment has at most ${maxRefundsPerPayment} refunds`;

/** Whether a refund lies within the amount of an invoice. */
function isOf(invoice: Invoice, { data }: Refunded): boolean {
  const [from, to] = stretchOf(data);
  return data.currency === invoice.currency && from >= 0 && to <= paidOf(invoice);
}

/** Why a refund cannot be credited beside the existing credit notes; undefined when it can. */
function misfitOf(event: Refunded, invoice: Invoice, creditNotes: Credited[]): string | undefined {
  if (!isOf(invoice, event)) return `it is outside the amount of ${invoice.number}`;
  if (creditNotes.length >= maxRefundsPerPayment) return tooManyRefunds;
  const stretch = stretchOf(event.data);
  const other = creditNotes.find(
    ({ amount, amountRefunded }) =>
      amountRefunded !== undefined && overlap([amountRefunded - amount, amountRefunded], stretch),
  );
  if (other) return `${other.number} has credited a part of the same`;
  const inGroup = misfitInGroup(event, invoice, creditNotes);
  if (inGroup) return inGroup;
  // Older credit notes have no stretch, but an amount.
  const credited = creditNotes.reduce((sum, { amount }) => sum + amount, event.data.refund.amount);
  if (credited > paidOf(invoice)) return `more would be credited than ${invoice.number} charged`;
  return undefined;
}

/** Whether a refund takes back of a category and rate what another one has. */
function misfitInGroup(event: Refunded, invoice: Invoice, creditNotes: Credited[]): string | undefined {
  const { taxDocument } = invoice;
  if (!taxDocument) return undefined;
  try {
    const mine = groupStretchesOf(taxDocument, event.data);
    const other = creditNotes.find((credited) => {
      const its = stretchesOfCredited(taxDocument, credited);
      return its.some(([from, to], i) => {
        const [start, end] = mine[i] ?? [0, 0];
        return from < to && start < end && overlap([from, to], [start, end]);
      });
    });
    return other && `${other.number} has credited a part of the same rate`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

const stretchesOfCredited = (
  taxDocument: TaxDocument,
  { amount, amountRefunded = amount, groups }: Credited,
): Stretch[] =>
  groups?.map(({ from, to }): Stretch => [from, to]) ??
  groupStretchesOf(taxDocument, { amountRefunded, refund: { amount } });

/** What its account keeps of a refund that says what it is for. */
export const groupsOf = ({ taxDocument }: Invoice, { data }: Refunded): Pick<Credited, 'groups'> =>
  taxDocument && data.refund.credit
    ? { groups: groupStretchesOf(taxDocument, data).map(([from, to]) => ({ from, to })) }
    : {};

const contradiction = ({ id }: BillableEvent, why: string): Unprocessable =>
  new Unprocessable('contradiction', `${id} contradicts the books: ${why}`);

const keyOf = (merchantId: string, name: string): string => `${merchantId}#${name}`;

import { maxRefundsEverPerPayment } from '@fanfold/contracts/payments';
import type { SellerVersion } from '@fanfold/contracts/seller';
import { between, type NetAndTax, stretchOf } from '@fanfold/contracts/share';
import type { Amounts } from '@fanfold/invoicing/document';
import type { Finding } from '@fanfold/invoicing/findings';
import { NotYet } from '@fanfold/runtime/failure';
import { fingerprintOf as fingerprintOfJson } from '@fanfold/runtime/idempotency';
import { orUnprocessable, Unprocessable } from '@fanfold/runtime/unprocessable';
import {
  byRates,
  type CreditNote,
  creditNoteFor,
  creditNoteIdOf,
  eventOfCreditNote,
  type Refunded,
  vatTakenOf,
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
import { type Failed, reversalFor, reversalIdOf } from './reversal.ts';
import { type Kind, newSeries, nextNumber, prefixOfNumber, type Series, seriesName } from './series.ts';
import {
  amountsOfInvoice,
  findingsOfOrder,
  groupStretchesOf,
  hasOrder,
  type Ordering,
} from './taxDocument.ts';

/** The billing of one payment: its invoice, its credit notes with their reversals, and refunds that arrived before the capture. */
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
  /** Failures of parked refunds: each waits for the credit note that it reverses. */
  parkedFailures?: Failed[];
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
  /** The net and tax that it takes back of each category and rate, where refunds before it have failed. */
  vat?: NetAndTax[];
  /** The invoice that charges it again, and the sequence of the failure that it was issued for. */
  reversal?: Reversal;
};

export type Reversal = { id: string; number: string; sequence: string };

/** The credit notes that were not reversed. */
export const standing = (creditNotes: Credited[]): Credited[] =>
  creditNotes.filter(({ reversal }) => reversal === undefined);

/** A refund that failed before it succeeded is not billed: nothing was credited. */
export type BillableEvent = Captured | Refunded | Failed;

const billedTypes = ['payment.captured.v1', 'payment.refunded.v1', 'payment.refund-failed.v1'];

export const isBillable = <E extends { type: string; data: unknown }>(event: E): event is E & BillableEvent =>
  billedTypes.includes(event.type) && (event.data as { wasRefunded?: boolean }).wasRefunded !== false;

/** A credit note, as it is stored. */
export type Issued = {
  merchantId: string;
  creditNote: CreditNote;
  /** Of the refund. Older items have none. */
  fingerprint?: string;
};

/** An invoice that reverses a credit note, as it is stored. */
export type Reversed = { merchantId: string; reversal: Invoice; fingerprint: string };

/** The stored accounts, series and documents that some events concern. */
export type Known = {
  accounts: Account[];
  series: Series[];
  creditNotes: Issued[];
  reversals: Reversed[];
  /** Who issues a merchant's documents; undefined when nobody does so far. */
  sellerOf: (merchantId: string) => SellerVersion | undefined;
};

/** The changes that some events make, to be written all or none. */
export type Entries = {
  /** With whether the invoice is new, and whether all was tried that had waited for it. */
  accounts: { account: Account; isIssued: boolean; isSettled: boolean }[];
  /** With whether it is new; otherwise it was reversed. */
  creditNotes: (Issued & { isNew: boolean })[];
  reversals: Reversed[];
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
export const creditNoteOf = ({ data }: Refunded | Failed): string => creditNoteIdOf(data.refund.id);

/**
 * The series that an event may take a number from, of documents with a prefix. A capture takes one of credit notes only for
 * refunds that came before it.
 */
export function seriesOf(
  { merchantid, type }: BillableEvent,
  now: Date,
  prefix: string | null,
  account: Pick<Account, 'parked'> | undefined,
): { merchantId: string; name: string }[] {
  const kinds: Kind[] =
    type === 'payment.captured.v1' && (account?.parked ?? []).length === 0 ? ['INV'] : ['INV', 'CN'];
  return kinds.map((kind) => ({ merchantId: merchantid, name: seriesName(kind, now, prefix) }));
}

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
  readonly #reversals: Map<string, Reversed>;
  readonly #changedAccounts = new Map<string, boolean>();
  readonly #changedCreditNotes = new Map<string, boolean>();
  readonly #newReversals: Reversed[] = [];
  readonly #countsBefore = new Map<string, number>();
  readonly #files: StoredFile[] = [];
  readonly #settled = new Set<string>();
  /** What its changed credit notes take. */
  #bytes = 0;

  constructor({ accounts, series, creditNotes, reversals, sellerOf }: Known, now: Date) {
    this.#sellerOf = sellerOf;
    this.#accounts = new Map(accounts.map((account) => [keyOf(account.merchantId, account.id), account]));
    this.#series = new Map(series.map((each) => [keyOf(each.merchantId, each.name), each]));
    this.#creditNotes = new Map(
      creditNotes.map((issued) => [keyOf(issued.merchantId, issued.creditNote.id), issued]),
    );
    this.#reversals = new Map(reversals.map((each) => [keyOf(each.merchantId, each.reversal.id), each]));
    this.#now = now;
  }

  /**
   * Applies an event. One that was applied before, in the same or another form, changes nothing.
   *
   * @throws Unprocessable when it contradicts the books, which then stay as they were; NotYet when it waits for another event
   */
  apply(event: BillableEvent): void {
    const { merchantId, id } = accountOf(event);
    if (this.#reversals.has(keyOf(merchantId, id)))
      throw contradiction(event, `${id} reverses a credit note`);
    if (event.type === 'payment.captured.v1') this.#issue(event);
    else if (event.type === 'payment.refunded.v1') this.#credit(event);
    else this.#reverse(event);
  }

  entries(): Entries {
    const changed = [...this.#changedAccounts].map(([key, isIssued]) => ({
      account: this.#accounts.get(key) as Account,
      isIssued,
      isSettled: this.#settled.has(key),
    }));
    const series = [...this.#countsBefore].map(([key, countBefore]) => ({
      series: this.#series.get(key) as Series,
      countBefore,
    }));
    const creditNotes = [...this.#changedCreditNotes].map(([key, isNew]) => ({
      ...(this.#creditNotes.get(key) as Issued),
      isNew,
    }));
    return { accounts: changed, creditNotes, reversals: this.#newReversals, series, files: this.#files };
  }

  #issue(event: Captured): void {
    const account = this.#account(event);
    if (account.invoice) {
      const { invoice, fingerprint } = account;
      const isRepeated =
        fingerprint === undefined ? isInvoiceOf(invoice, event) : fingerprint === fingerprintOf(event);
      if (!isRepeated) throw contradiction(event, `${invoice.number} was issued with other data`);
      if (account.parkedCapture) this.#applyAllParked(account, event);
      return;
    }
    const { parkedCapture, parkedFailures = [], ...free } = account;
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
    const made = orUnprocessable('contradiction', () => invoiceFor(event, next.numbered, seller));
    const { document: invoice, file } = withFiles(made);
    if (paidOf(invoice) !== event.data.amountCaptured)
      throw contradiction(event, 'its lines do not add up to its amount');
    orUnprocessable('unpublishable', () => eventOfInvoice(event.merchantid, invoice));
    this.#take(next.series, file);
    this.#change({ ...free, invoice, fingerprint: fingerprintOf(event) }, true);
    this.#applyAllParked(account, event);
  }

  /**
   * Credits the refunds that came before their capture, and reverses those that failed, as many as one transaction holds. Then the
   * capture waits beside its invoice, so that the rest follows in further runs of `releaseParked`.
   */
  #applyAllParked({ parked, parkedFailures = [] }: Account, capture: Captured): void {
    const { parkedCapture: _, parkedFailures: _failures, ...free } = this.#account(capture);
    this.#change({ ...free, parked: [] });
    const waiting = [...parked, ...parkedFailures].sort(inTurn);
    const documentsBefore = this.#documents;
    for (const [i, each] of waiting.entries()) {
      if (this.#bytes > maxCreditedBytes || this.#documents - documentsBefore > maxCreditedDocuments) {
        this.#change({
          ...this.#account(capture),
          parkedCapture: { event: capture, missing: [], tried: 'in part' },
        });
        for (const left of waiting.slice(i)) this.#keepParked(left);
        return;
      }
      this.#applyParked(each);
    }
    this.#settled.add(keyOf(free.merchantId, free.id));
  }

  /**
   * A parked refund that does not fit stays parked, and so does one whose credit note cannot be made, for whatever reason: its
   * message is done, so it is nowhere else. So does its failure with it. It must not prevent the invoice, nor the refunds after it.
   */
  #applyParked(event: Refunded | Failed): void {
    try {
      this.apply(event);
    } catch {
      this.#keepParked(event);
    }
  }

  #keepParked(event: Refunded | Failed): void {
    const account = this.#account(event);
    if (event.type === 'payment.refunded.v1')
      this.#change({ ...account, parked: [...account.parked, event] });
    else this.#change({ ...account, parkedFailures: [...(account.parkedFailures ?? []), event] });
  }

  #credit(event: Refunded): void {
    const account = this.#account(event);
    const { invoice, creditNotes } = account;
    const { amountRefunded, refund } = event.data;
    const { failures = 0 } = refund.afterFailures ?? {};
    if (failuresBefore(event, account) < failures)
      throw new NotYet(`${event.id} waits for the failures of ${failures} refunds before it`);
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
    const made = orUnprocessable('contradiction', () => creditNoteFor(invoice, event, next.numbered));
    const { document: creditNote, file } = withFiles(made);
    orUnprocessable('unpublishable', () => eventOfCreditNote(event.merchantid, creditNote));
    this.#take(next.series, file);
    this.#changeCreditNote(
      { merchantId: event.merchantid, creditNote, fingerprint: fingerprintOf(event) },
      true,
    );
    const { id, number } = creditNote;
    const entry = {
      id,
      number,
      refundId: refund.id,
      amount: refund.amount,
      amountRefunded,
      ...partsOf(invoice, event),
    };
    this.#change({ ...account, creditNotes: [...creditNotes, entry] });
    const failed = account.parkedFailures?.filter(({ data }) => data.refund.id === refund.id);
    for (const each of failed ?? []) this.#reverse(each);
  }

  #reverse(event: Failed): void {
    const account = this.#account(event);
    const { invoice, creditNotes } = account;
    const { refund } = event.data;
    const credited = creditNotes.find(({ refundId }) => refundId === refund.id);
    if (!credited || !invoice) {
      this.#parkFailure(account, event);
      return;
    }
    const known = this.#reversals.get(keyOf(event.merchantid, reversalIdOf(refund.id)));
    if (credited.reversal) {
      if (known?.fingerprint !== fingerprintOf(event))
        throw contradiction(event, `${credited.reversal.number} was issued with other data`);
      return;
    }
    const issued = this.#creditNotes.get(keyOf(event.merchantid, credited.id));
    const isTaken =
      known !== undefined || this.#accounts.has(keyOf(event.merchantid, reversalIdOf(refund.id)));
    if (!issued || isTaken || credited.amount !== refund.amount || invoice.currency !== event.data.currency)
      throw contradiction(event, `${credited.number} is of another refund`);
    const { creditNote } = issued;
    const prefix = prefixOfNumber(invoice.number);
    const next = this.#next('INV', event.merchantid, prefix, new Date(creditNote.createdAt));
    const { document: reversal, file } = withFiles(reversalFor(invoice, creditNote, event, next.numbered));
    orUnprocessable('unpublishable', () => eventOfInvoice(event.merchantid, reversal));
    this.#take(next.series, file);
    const { id, number } = reversal;
    const made = { merchantId: event.merchantid, reversal, fingerprint: fingerprintOf(event) };
    this.#reversals.set(keyOf(event.merchantid, id), made);
    this.#newReversals.push(made);
    this.#changeCreditNote({
      ...issued,
      creditNote: { ...creditNote, reversedBy: { invoiceId: id, invoiceNumber: number } },
    });
    const { parkedFailures = [], ...rest } = account;
    const others = parkedFailures.filter(({ data }) => data.refund.id !== refund.id);
    this.#change({
      ...rest,
      ...(others.length > 0 && { parkedFailures: others }),
      creditNotes: creditNotes.map((each) =>
        each === credited ? { ...each, reversal: { id, number, sequence: event.sequence } } : each,
      ),
    });
  }

  /** Keeps the failure of a parked refund. One of a refund that is not known so far comes again. */
  #parkFailure(account: Account, event: Failed): void {
    const { parked, parkedFailures = [] } = account;
    const { refund } = event.data;
    const known = parkedFailures.find(({ data }) => data.refund.id === refund.id);
    if (known) {
      if (fingerprintOf(known) !== fingerprintOf(event))
        throw contradiction(event, `${known.id} came with other data`);
      return;
    }
    if (!parked.some(({ data }) => data.refund.id === refund.id))
      throw new NotYet(`${event.id} waits for the success of ${refund.id}, which was before it`);
    const { reason: _, ...data } = event.data as Failed['data'] & { reason?: unknown };
    this.#change({ ...account, parkedFailures: [...parkedFailures, { ...event, data }] });
  }

  get #documents(): number {
    return this.#changedCreditNotes.size + this.#newReversals.length;
  }

  #changeCreditNote(issued: Issued, isNew = false): void {
    const key = keyOf(issued.merchantId, issued.creditNote.id);
    this.#creditNotes.set(key, issued);
    this.#bytes += Buffer.byteLength(JSON.stringify(issued));
    this.#changedCreditNotes.set(key, isNew || (this.#changedCreditNotes.get(key) ?? false));
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
    const [from, to] = stretchOfRefund(data);
    if (from < 0 || to > data.amountCaptured) throw contradiction(event, 'it is more than was captured');
    const other = endToEndWith(parked, event).find(
      (one) => one.data.currency === data.currency && overlap(stretchOfRefund(one.data), [from, to]),
    );
    if (other) throw contradiction(event, `${other.id} has refunded a part of the same`);
    if (parked.length >= maxRefundsEverPerPayment) throw contradiction(event, tooManyRefunds);
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

/** How many refunds are known to have failed before an event, after they had succeeded. */
const failuresBefore = ({ sequence }: Refunded, { creditNotes, parkedFailures = [] }: Account): number =>
  [...creditNotes.flatMap(({ reversal }) => reversal ?? []), ...parkedFailures].filter(
    (failed) => failed.sequence < sequence,
  ).length;

/**
 * A transaction has at most 4 MB: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html. One credit note and the
 * account, which come on top of this, have 400 KB at most each. Of several payments, whatever does not fit is billed alone.
 */
const maxCreditedBytes = 2_500_000;

/** How many writes one transaction has at most, by the same page. */
export const maxTransactionWrites = 100;

/**
 * On top come the account and a series of each kind, two at the turn of a year. The next refund changes its credit note and
 * issues what reverses it.
 */
const maxCreditedDocuments = maxTransactionWrites - 5 - 2;

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

const stretchOfRefund = ({ amountRefunded, refund }: Refunded['data']): Stretch => [
  amountRefunded - refund.amount,
  amountRefunded,
];

const overlap = ([from, to]: Stretch, [otherFrom, otherTo]: Stretch): boolean =>
  from < otherTo && otherFrom < to;

const tooManyRefunds = `a payment has at most ${maxRefundsEverPerPayment} refunds`;

/** Of parked refunds those that lie end to end with another: before the first failure all do, and after it none. */
const endToEndWith = (parked: Refunded[], { data }: Refunded): Refunded[] =>
  data.refund.afterFailures ? [] : parked.filter((one) => !one.data.refund.afterFailures);

/** Whether a refund lies within the amount of an invoice. */
function isOf(invoice: Invoice, { data }: Refunded): boolean {
  const [from, to] = stretchOfRefund(data);
  return data.currency === invoice.currency && from >= 0 && to <= paidOf(invoice);
}

/** Why a refund cannot be credited beside the existing credit notes; undefined when it can. */
function misfitOf(event: Refunded, invoice: Invoice, creditNotes: Credited[]): string | undefined {
  if (!isOf(invoice, event)) return `it is outside the amount of ${invoice.number}`;
  if (creditNotes.length >= maxRefundsEverPerPayment) return tooManyRefunds;
  const stretch = stretchOfRefund(event.data);
  // Before the first failure refunds lie end to end. After it they fill what has become free.
  const endToEnd = event.data.refund.afterFailures ? [] : creditNotes.filter(({ vat }) => vat === undefined);
  const other = endToEnd.find(
    ({ amount, amountRefunded }) =>
      amountRefunded !== undefined && overlap([amountRefunded - amount, amountRefunded], stretch),
  );
  if (other) return `${other.number} has credited a part of the same`;
  const inGroup =
    misfitInGroup(event, invoice, endToEnd) ?? misfitInSum(event, invoice, standing(creditNotes));
  if (inGroup) return inGroup;
  // Older credit notes have no stretch, but an amount.
  const credited = creditedOf(creditNotes) + event.data.refund.amount;
  if (credited > paidOf(invoice)) return `more would be credited than ${invoice.number} charged`;
  return undefined;
}

/** What credit notes have taken back, without those that were reversed. */
export const creditedOf = (creditNotes: Credited[]): number =>
  standing(creditNotes).reduce((sum, { amount }) => sum + amount, 0);

/** Whether more would be credited of a category and rate, in net or tax, than there is. */
function misfitInSum(event: Refunded, invoice: Invoice, creditNotes: Credited[]): string | undefined {
  if (!event.data.refund.afterFailures && creditNotes.every(({ vat }) => vat === undefined)) return undefined;
  try {
    const parts = [
      vatTakenOf(invoice, event.data),
      ...creditNotes.flatMap((each) => vatOfCredited(invoice, each)),
    ];
    const whole = invoice.taxDocument?.amounts.vat ?? invoice.totals.taxByRate;
    const isWithin = whole.every(({ net, tax }, i) => {
      const sum = (of: keyof NetAndTax) => parts.reduce((all, part) => all + (part[i]?.[of] ?? 0), 0);
      return sum('net') <= net && sum('tax') <= tax;
    });
    return isWithin ? undefined : `more would be credited than ${invoice.number} has of a category and rate`;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

/** Older ones do not tell where they are. */
function vatOfCredited(invoice: Invoice, credited: Credited): NetAndTax[][] {
  const { vat, amount, amountRefunded } = credited;
  if (vat) return [vat];
  const { taxDocument, totals } = invoice;
  const taken = (amounts: Amounts) =>
    stretchesOfCredited(amounts, credited).map(([from, to], i) =>
      between(amounts.vat[i] as NetAndTax, from, to),
    );
  if (taxDocument) return [taken(taxDocument.amounts)];
  if (credited.groups) return [byRates(invoice, taken)];
  return amountRefunded === undefined
    ? []
    : [stretchOf(totals.taxByRate, amountRefunded - amount, amountRefunded)];
}

/** Whether a refund takes back of a category and rate what another one has. */
function misfitInGroup(event: Refunded, invoice: Invoice, creditNotes: Credited[]): string | undefined {
  if (event.data.refund.afterFailures) return undefined;
  const amounts = amountsOfInvoice(invoice);
  try {
    const mine = groupStretchesOf(amounts, event.data);
    const other = creditNotes.find((credited) => {
      const its = stretchesOfCredited(amounts, credited);
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

/** Older credit notes do not say where their stretch is: there is an amount, and it is added up. */
const stretchesOfCredited = (amounts: Amounts, { amount, amountRefunded, groups }: Credited): Stretch[] =>
  groups?.map(({ from, to }): Stretch => [from, to]) ??
  (amountRefunded === undefined ? [] : groupStretchesOf(amounts, { amountRefunded, refund: { amount } }));

/** What its account keeps of a refund that says what it takes back. */
export function partsOf(invoice: Invoice, { data }: Refunded): Pick<Credited, 'groups' | 'vat'> {
  const { credit, afterFailures } = data.refund;
  if (afterFailures) return { vat: vatTakenOf(invoice, data) };
  return credit
    ? { groups: groupStretchesOf(amountsOfInvoice(invoice), data).map(([from, to]) => ({ from, to })) }
    : {};
}

/** In the order in which payments said them. */
const inTurn = (a: { sequence: string }, b: { sequence: string }): number =>
  a.sequence < b.sequence ? -1 : 1;

const contradiction = ({ id }: BillableEvent, why: string): Unprocessable =>
  new Unprocessable('contradiction', `${id} contradicts the books: ${why}`);

const keyOf = (merchantId: string, name: string): string => `${merchantId}#${name}`;

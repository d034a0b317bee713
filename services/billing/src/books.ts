import { maxRefundsPerPayment } from '@fanfold/contracts/payments';
import { Unprocessable } from '@fanfold/runtime/consume';
import { type CreditNote, creditNoteFor, type Refunded } from './creditNote.ts';
import { addsUp, type Captured, type Invoice, invoiceFor, invoiceIdOf, type Numbered } from './invoice.ts';
import { type Kind, newSeries, nextNumber, type Series, seriesName } from './series.ts';

/** The billing of one payment: its invoice, what was credited of it, and refunds that came before it. */
export type Account = {
  merchantId: string;
  /** The invoice's id, whether it is issued yet or not. */
  id: string;
  invoice: Invoice | null;
  creditNotes: { id: string; number: string; refundId: string; amount: number }[];
  /** Refunds whose capture was not heard of yet: nothing on the way keeps the order of events. */
  parked: Refunded[];
  version: number;
};

export type Heard = Captured | Refunded;

/** What hearing some events changes, to be written together or not at all. */
export type Entries = {
  /** Each with whether its invoice is new. */
  accounts: { account: Account; isIssued: boolean }[];
  creditNotes: { merchantId: string; creditNote: CreditNote }[];
  /** Each with how many numbers it had given before. */
  series: { series: Series; countBefore: number }[];
};

export const newAccount = (merchantId: string, id: string): Account => ({
  merchantId,
  id,
  invoice: null,
  creditNotes: [],
  parked: [],
  version: 0,
});

/** The account that an event is about. */
export const accountOf = ({ merchantid, data }: Heard): { merchantId: string; id: string } => ({
  merchantId: merchantid,
  id: invoiceIdOf(data.paymentId),
});

/** The series that an event may take a number from. */
export const seriesOf = ({ merchantid }: Heard, now: Date): { merchantId: string; name: string }[] =>
  (['INV', 'CN'] as const).map((kind) => ({ merchantId: merchantid, name: seriesName(kind, now) }));

/**
 * The books as they are, and what the events of a batch make of them: several events, even of one payment, are
 * heard one after another and then written at once, each number taken once.
 */
export class Books {
  readonly #now: Date;
  readonly #accounts: Map<string, Account>;
  readonly #series: Map<string, Series>;
  readonly #changedAccounts = new Map<string, boolean>();
  readonly #creditNotes: Entries['creditNotes'] = [];
  readonly #countsBefore = new Map<string, number>();

  constructor(accounts: Account[], series: Series[], now: Date) {
    this.#accounts = new Map(accounts.map((account) => [keyOf(account.merchantId, account.id), account]));
    this.#series = new Map(series.map((each) => [keyOf(each.merchantId, each.name), each]));
    this.#now = now;
  }

  /**
   * Hears an event. One that was heard before, as itself or as another copy, changes nothing.
   *
   * @throws Unprocessable when it contradicts what is in the books; they are then as before
   */
  hear(event: Heard): void {
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
    return { accounts: changed, creditNotes: this.#creditNotes, series };
  }

  #issue(event: Captured): void {
    const { amountCaptured } = event.data;
    const account = this.#account(event);
    if (account.invoice) {
      if (account.invoice.totals.gross !== amountCaptured)
        throw contradiction(event, 'it was invoiced otherwise');
      return;
    }
    if (!addsUp(event)) throw contradiction(event, 'its amounts and lines do not add up');
    const next = this.#next('INV', event.merchantid);
    const invoice = invoiceFor(event, next.numbered);
    if (invoice.totals.gross !== amountCaptured)
      throw contradiction(event, 'its lines do not add up to its amount');
    this.#take(next.series);
    // A parked refund that does not fit stays parked: it must not keep the invoice from being issued.
    const fitting = account.parked.filter((refunded) => fits(invoice, refunded));
    const parked = account.parked.filter((refunded) => !fitting.includes(refunded));
    this.#change({ ...account, invoice, parked }, true);
    for (const refunded of fitting) this.#credit(refunded);
  }

  #credit(event: Refunded): void {
    const account = this.#account(event);
    const { invoice, creditNotes, parked } = account;
    const { id: refundId } = event.data.refund;
    if (creditNotes.some((creditNote) => creditNote.refundId === refundId)) return;
    if (!invoice) {
      if (parked.some(({ data }) => data.refund.id === refundId)) return;
      if (parked.length >= maxRefundsPerPayment) throw contradiction(event, 'a payment has fewer refunds');
      this.#change({ ...account, parked: [...parked, event] });
      return;
    }
    if (!fits(invoice, event)) throw contradiction(event, `it does not fit into what ${invoice.number} says`);
    const next = this.#next('CN', event.merchantid);
    const creditNote = creditNoteFor(invoice, event, next.numbered);
    this.#take(next.series);
    this.#creditNotes.push({ merchantId: event.merchantid, creditNote });
    const { id, number, amount } = creditNote;
    this.#change({ ...account, creditNotes: [...creditNotes, { id, number, refundId, amount }] });
  }

  #account(event: Heard): Account {
    const { merchantId, id } = accountOf(event);
    return this.#accounts.get(keyOf(merchantId, id)) ?? newAccount(merchantId, id);
  }

  #change(account: Account, isIssued = false): void {
    const key = keyOf(account.merchantId, account.id);
    this.#changedAccounts.set(key, isIssued || (this.#changedAccounts.get(key) ?? false));
    this.#accounts.set(key, account);
  }

  #next(kind: Kind, merchantId: string): { numbered: Numbered; series: Series } {
    const name = seriesName(kind, this.#now);
    const before = this.#series.get(keyOf(merchantId, name)) ?? newSeries(merchantId, name);
    const { number, issuedAt, series } = nextNumber(before, this.#now);
    return { numbered: { number, series: name, issuedAt }, series };
  }

  /** A number is taken only once its document is made: one that cannot be made leaves no gap. */
  #take(series: Series): void {
    const key = keyOf(series.merchantId, series.name);
    if (!this.#countsBefore.has(key)) this.#countsBefore.set(key, series.count - 1);
    this.#series.set(key, series);
  }
}

/** Whether a refund lies within what an invoice charged. */
const fits = ({ totals, currency }: Invoice, { data }: Refunded): boolean =>
  data.currency === currency &&
  data.amountRefunded <= totals.gross &&
  data.amountRefunded >= data.refund.amount;

const contradiction = ({ id }: Heard, why: string): Unprocessable =>
  new Unprocessable('contradiction', `${id} contradicts the books: ${why}`);

const keyOf = (merchantId: string, name: string): string => `${merchantId}#${name}`;

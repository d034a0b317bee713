import type { Credit, Order } from '@fanfold/contracts/order';
import { plainTotalsOf } from '@fanfold/contracts/plain';
import { apportion, type NetAndTax, stretchOf } from '@fanfold/contracts/share';
import { amountsOf } from '@fanfold/invoicing/amounts';
import {
  amountsOfPart,
  creditableOf,
  creditedOfGroups,
  eachLine,
  grossOfQuantity,
  groupsOfTaken,
  inGroups,
  LineError,
  nothingCredited,
  type Progress,
  type Taken,
  takenBy,
  takenOfStretch,
  vatAfterReversals,
  vatOfTaken,
  withTaken,
} from '@fanfold/invoicing/credit';
import { decimalOf } from '@fanfold/invoicing/decimal';
import type { Amounts } from '@fanfold/invoicing/document';
import { invoiceableOf } from '@fanfold/invoicing/ordered';
import { invalidRequest, type Refusal } from '@fanfold/runtime/refusal';
import { refundedAfter, signOf } from './events.ts';
import type { HistoryEntry, Payment, Refund } from './payment.ts';

/** A line that is refunded: so many, an amount with tax, or all that is left of it. `line` counts from 1. */
export type RefundLine = { line: number; quantity?: string | undefined; amount?: number | undefined };

/**
 * Refunds of a payment take back of all lines in proportion, as long as none says what it is for. From the first that does,
 * each says it: what an amount takes back is then decided when it is asked for, from what is left of each line. So it is from the
 * first refund on that fails after it had succeeded, because what it leaves free has no place among those in proportion.
 *
 * Pending refunds have their part already, so that what is promised to one is not given to another.
 */
export const isByLine = ({ refunds, order, history }: Payment): boolean =>
  Object.values(refunds).some(({ status, credit }) => status !== 'failed' && credit !== undefined) ||
  (order !== undefined && failuresIn(history) > 0);

/**
 * What a refund takes back of each line, and its amount.
 *
 * @throws Refusal 422 `invalid_request` when it is more than is left of a line, or lines are not known
 */
export function creditFor(
  payment: Payment,
  wanted: { lines: RefundLine[] } | { amount: number },
): { amount: number; lines: Credit['lines'] } {
  const invoice = invoicedOf(payment);
  const progress = progressOf(payment, invoice, ({ status }) => status !== 'failed');
  const linesOf = (lines: RefundLine[]) =>
    isInGroups(payment)
      ? linesInGroups(lines, orderedOf(payment), invoice, progress)
      : lines.map((line) => lineOf(line, invoice, progress));
  try {
    const refund = 'amount' in wanted ? { amountMinor: wanted.amount } : { lines: linesOf(wanted.lines) };
    const { taken, paidMinor } = takenBy(invoice, progress, refund);
    return { amount: paidMinor, lines: taken.map(creditedLineOf) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const index = error instanceof LineError ? error.index : undefined;
    throw refusedLines(error.message, 'lines' in wanted ? placeOf(wanted.lines, index) : undefined);
  }
}

/** Where in a request it is said how much of a line is wanted; without that, which line. */
function placeOf(lines: RefundLine[], index: number | undefined): string {
  if (index === undefined) return '#/lines';
  const { quantity, amount } = lines[index] as RefundLine;
  const member = quantity !== undefined ? 'quantity' : amount !== undefined ? 'amount' : 'line';
  return `#/lines/${index}/${member}`;
}

/** @throws Refusal 422 `invalid_request` when the order does not have some of these lines, or one is named twice */
export function requireLines(payment: Payment, lines: RefundLine[]): void {
  const count = (isInGroups(payment) ? orderedOf(payment) : invoicedOf(payment)).lines.length;
  const errors = lines.flatMap(({ line }, i) => {
    const pointer = `#/lines/${i}/line`;
    if (line > count) return { pointer, detail: `there is no line ${line}: the order has ${count}` };
    const isTwice = lines.findIndex((other) => other.line === line) < i;
    return isTwice ? { pointer, detail: `line ${line} is named twice` } : [];
  });
  if (errors.length > 0) throw invalidRequest('The body', errors);
}

const creditedLineOf = ({ item, amountMinor, quantity }: Taken): Credit['lines'][number] => ({
  line: item + 1,
  amount: amountMinor,
  quantity,
});

/** Pending refunds of an amount, each with what it takes back of each line as if it succeeded in its turn. */
export function withFixedCredits(payment: Payment): Record<string, Refund> {
  if (isByLine(payment)) return payment.refunds;
  const invoice = invoicedOf(payment);
  let from = payment.amountRefunded;
  const fixed = inTurn(payment)
    .filter(({ status }) => status === 'pending')
    .map((refund): [string, Refund] => {
      const { taken } = takenOfStretch(invoice, from, from + refund.amount);
      from += refund.amount;
      return [refund.id, { ...refund, credit: { lines: taken.map(creditedLineOf) } }];
    });
  return { ...payment.refunds, ...Object.fromEntries(fixed) };
}

/** What was taken back of each category and rate before a refund that succeeds now. */
export function creditedBefore(payment: Payment): number[] {
  const invoice = invoicedOf(payment);
  return creditedOfGroups(
    invoice,
    progressOf(payment, invoice, ({ status }) => status === 'succeeded'),
  );
}

/** What was ordered. Payments from before lines had categories have plain lines, or an amount without tax. */
function orderedOf(payment: Payment): Amounts {
  const { customer, lines, order = plainOrder(lines === null) } = payment;
  if (!customer) throw refusedLines('are not known until the request that created the payment is repeated');
  return amountsOf(invoiceableOf({ ...payment, customer, order }).order);
}

/** What was invoiced, or with its amounts by category and rate: then it is that which refunds take back. */
function invoicedOf(payment: Payment): Amounts {
  const { currency, amountCaptured, orderId } = payment;
  const captured = amountsOfPart(orderedOf(payment), currency, amountCaptured, orderId);
  return isInGroups(payment) ? inGroups(captured, currency, orderId) : captured;
}

/**
 * Whether what is taken back of a payment is only known by category and rate: of a part nobody knows which lines were captured, and
 * the credit notes of payments from before lines had categories are of rates.
 */
const isInGroups = ({ amount, amountCaptured, order }: Payment): boolean =>
  amountCaptured !== amount || order === undefined;

/**
 * Lines of the order as what they take of its categories and rates. How many of a line were returned before is not known then: no
 * more is given back than was captured of a category and rate.
 */
function linesInGroups(
  lines: RefundLine[],
  ordered: Amounts,
  invoice: Amounts,
  progress: Progress,
): { line: number; amountMinor: number }[] {
  const creditable = creditableOf(ordered);
  const sums = new Map<number, number>();
  eachLine(lines, ({ line, quantity, amount }) => {
    const [of, item] = [ordered.lines[line - 1], creditable[line - 1]];
    if (!of || !item) throw new RangeError(`the order has no line ${line}`);
    const group = invoice.lines.findIndex(
      ({ category, taxRate }) => category === of.category && taxRate === of.taxRate,
    );
    const taken = sums.get(group) ?? 0;
    const left =
      (creditableOf(invoice)[group]?.grossMinor ?? 0) - (progress.items[group]?.creditedMinor ?? 0) - taken;
    const wanted =
      quantity === undefined
        ? (amount ?? Math.min(item.grossMinor, left))
        : grossOfQuantity(of, item.grossMinor, undefined, decimalOf(quantity));
    if (wanted < 1 || wanted > Math.min(item.grossMinor, left))
      throw new RangeError(
        `of line ${line}, ${Math.min(item.grossMinor, left)} can be given back, and not ${wanted}`,
      );
    sums.set(group, taken + wanted);
  });
  return [...sums].map(([line, amountMinor]) => ({ line, amountMinor }));
}

const plainOrder = (isOneAmount: boolean): Order => ({
  pricesIncludeTax: false,
  lines: null,
  vat: isOneAmount ? { taxRate: '0.00', taxCategory: 'Z', exemptionCode: null, exemptionReason: null } : null,
  roundingAmount: 0,
  buyerReference: null,
  orderReference: null,
  delivery: null,
  exchange: null,
});

const refusedLines = (detail: string, pointer = '#/lines'): Refusal =>
  invalidRequest('The body', [{ pointer, detail }]);

/** What some refunds have taken back. Those of an amount alone come before all that say what they are for. */
function progressOf(payment: Payment, invoice: Amounts, counts: (refund: Refund) => boolean): Progress {
  const refunds = Object.values(payment.refunds).filter(counts);
  const ofAmounts = refunds.filter(({ credit, status }) => !credit && status === 'pending');
  const settled = refunds.filter((refund) => !ofAmounts.includes(refund));
  const progress = settled.reduce(
    (progress, refund) => withTaken(progress, takenOf(payment, invoice, refund).taken, refund.amount),
    nothingCredited(invoice),
  );
  // Those of an amount that are pending follow end to end: when one has failed before them, each says its lines.
  const from = payment.amountRefunded;
  const to = from + ofAmounts.reduce((sum, { amount }) => sum + amount, 0);
  return from === to ? progress : withTaken(progress, takenOfStretch(invoice, from, to).taken, to - from);
}

/** What a refund takes back of each item, and what was before it of each category and rate; undefined where that is not kept. */
function takenOf(
  payment: Payment,
  invoice: Amounts,
  { id, credit }: Refund,
): { taken: Taken[]; before: number[] } {
  if (!credit) return takenOfStretch(invoice, ...stretchOfRefund(payment, id));
  const taken = credit.lines.map(({ line, amount, quantity }) => ({
    item: line - 1,
    amountMinor: amount,
    quantity,
  }));
  return { taken, before: credit.creditedBefore ?? [] };
}

/** From where to where a refund in proportion goes that has succeeded: before it, none had failed. */
function stretchOfRefund(payment: Payment, id: string): [from: number, to: number] {
  const n =
    payment.history.findIndex(({ type, refundId }) => type === 'payment.refunded.v1' && refundId === id) + 1;
  const to = refundedAfter(payment, n);
  return [to - (payment.refunds[id]?.amount ?? 0), to];
}

/**
 * What refunds that failed after they had succeeded change for one that succeeds now; undefined as long as none has. It takes back
 * what is left of each category and rate, as near to proportion as that allows.
 *
 * @param refund with its lines, where the payment has an order
 */
export function afterFailures(payment: Payment, refund: Refund): Refund['afterFailures'] {
  const failures = failuresIn(payment.history);
  if (failures === 0) return undefined;
  const others = Object.values(payment.refunds).filter(({ status }) => status === 'succeeded');
  if (payment.order === undefined) {
    const whole = plainTotalsOf(payment).taxByRate;
    const byRates = (of: Refund): NetAndTax[] => {
      const { taken, before } = takenOf(payment, invoicedOf(payment), of);
      const vat = vatOfTaken(invoicedOf(payment), taken, before);
      const rates = invoicedOf(payment).vat.map(({ taxRate }) => taxRate);
      return whole.map(({ rate }) => vat[rates.indexOf(rate)] ?? { net: 0, tax: 0 });
    };
    const standing = sumsOf(
      whole,
      others.map(
        (other) =>
          other.afterFailures?.vat ??
          (other.credit ? byRates(other) : stretchOf(whole, ...stretchOfRefund(payment, other.id))),
      ),
    );
    const left = whole.map(({ net, tax }, i) => net + tax - grossOf(standing[i]));
    const gross = refund.credit ? byRates(refund).map(grossOf) : apportion(refund.amount, left);
    return { failures, vat: vatAfterReversals(whole, gross, standing) };
  }
  const invoice = invoicedOf(payment);
  const standing = sumsOf(
    invoice.vat,
    others.map((other) => {
      const { taken, before } = takenOf(payment, invoice, other);
      return other.afterFailures?.vat ?? vatOfTaken(invoice, taken, before);
    }),
  );
  const gross = groupsOfTaken(invoice, takenOf(payment, invoice, refund).taken, []).map(([, to]) => to);
  return { failures, vat: vatAfterReversals(invoice.vat, gross, standing) };
}

/** The sums of what refunds take back, by category and rate. */
const sumsOf = (whole: readonly NetAndTax[], parts: NetAndTax[][]): NetAndTax[] =>
  whole.map((_, i) =>
    parts.reduce(
      (sum, part) => ({ net: sum.net + (part[i]?.net ?? 0), tax: sum.tax + (part[i]?.tax ?? 0) }),
      { net: 0, tax: 0 },
    ),
  );

const grossOf = (part: NetAndTax | undefined): number => (part?.net ?? 0) + (part?.tax ?? 0);

/** How many refunds have failed after they had succeeded. */
const failuresIn = (history: HistoryEntry[]): number =>
  history.filter((entry, i) => signOf(entry, history.slice(0, i)) < 0).length;

function lineOf({ line, quantity, amount }: RefundLine, invoice: Amounts, progress: Progress) {
  const index = line - 1;
  if (quantity !== undefined) return { line: index, quantity };
  if (amount !== undefined) return { line: index, amountMinor: amount };
  const [item, of, known] = [progress.items[index], creditableOf(invoice)[index], invoice.lines[index]];
  if (item?.creditedMinor === 0 && known) return { line: index, quantity: known.quantity };
  return { line: index, amountMinor: (of?.grossMinor ?? 0) - (item?.creditedMinor ?? 0) };
}

/** The oldest first. */
const inTurn = ({ refunds }: Payment): Refund[] =>
  Object.values(refunds).sort((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1));

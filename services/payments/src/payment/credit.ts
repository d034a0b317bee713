import type { Credit } from '@fanfold/contracts/order';
import { amountsOf } from '@fanfold/invoicing/amounts';
import {
  creditableOf,
  creditedOfGroups,
  creditedUpTo,
  nothingCredited,
  type Progress,
  type Taken,
  takenBy,
  takenOfStretch,
  withTaken,
} from '@fanfold/invoicing/credit';
import type { Amounts } from '@fanfold/invoicing/document';
import { invoiceableOf } from '@fanfold/invoicing/ordered';
import { invalidRequest, type Refusal } from '@fanfold/runtime/refusal';
import type { Payment, Refund } from './payment.ts';

/** A line that is refunded: so many, an amount with tax, or all that is left of it. `line` counts from 1. */
export type RefundLine = { line: number; quantity?: string | undefined; amount?: number | undefined };

/**
 * Refunds of a payment take back of all lines in proportion, as long as none says what it is for. From the first that does,
 * each says it: what an amount takes back is then decided when it is asked for, from what is left of each line.
 *
 * Pending refunds have their part already, so that what is promised to one is not given to another.
 */
export const isByLine = ({ refunds }: Payment): boolean =>
  Object.values(refunds).some(({ status, credit }) => status !== 'failed' && credit !== undefined);

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
  const refund =
    'amount' in wanted
      ? { amountMinor: wanted.amount }
      : { lines: wanted.lines.map((line) => lineOf(line, invoice, progress)) };
  try {
    const { taken, paidMinor } = takenBy(invoice, progress, refund);
    return { amount: paidMinor, lines: taken.map(creditedLineOf) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refusedLines(error.message);
  }
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

/** What was ordered. A part of it does not tell which lines were captured. */
function invoicedOf(payment: Payment): Amounts {
  const { order, customer, amount, amountCaptured } = payment;
  if (!order || !customer)
    throw refusedLines('are not known of a payment from before they were kept: refund an amount');
  if (amountCaptured !== amount)
    throw refusedLines('are not known when a part was captured: refund an amount');
  return amountsOf(invoiceableOf({ ...payment, order, customer }).order);
}

const refusedLines = (detail: string): Refusal =>
  invalidRequest('The body', [{ pointer: '#/lines', detail }]);

/** What some refunds have taken back. Those of an amount alone come before all that say what they are for. */
function progressOf(payment: Payment, invoice: Amounts, counts: (refund: Refund) => boolean): Progress {
  const refunds = Object.values(payment.refunds).filter(counts);
  const ofAmounts = refunds.filter(({ credit }) => !credit).reduce((sum, { amount }) => sum + amount, 0);
  const start = {
    ...nothingCredited(invoice),
    items: creditedUpTo(invoice, ofAmounts).map((creditedMinor) => ({
      creditedMinor,
      creditedQuantity: '0',
    })),
    paidBackMinor: ofAmounts,
  };
  return refunds.reduce(
    (progress, { credit, amount }) =>
      credit
        ? withTaken(
            progress,
            credit.lines.map(({ line, amount, quantity }) => ({
              item: line - 1,
              amountMinor: amount,
              quantity,
            })),
            amount,
          )
        : progress,
    start,
  );
}

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

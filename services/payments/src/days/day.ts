import { type Event, makeEvent, type Trace } from '@fanfold/contracts/event';
import { paymentsDayClosed } from '@fanfold/contracts/payments';
import { eventNumbersOn, signOf } from '../payment/events.ts';
import type { HistoryEntry, Payment } from '../payment/payment.ts';

/** The events of one merchant's payments on one day (UTC), counted and added up. */
export type DayClosing = {
  subject: string;
  merchantId: string;
  closedAt: string;
  trace: Trace;
  date: string;
  counts: Record<string, number>;
  /** `reversed`: of refunds that failed on the day after they had succeeded. */
  totals: Record<string, { captured: number; refunded: number; reversed?: number | undefined }>;
};

/** How long after its day a missed closing is still made. */
const lookBackDays = 7;

/** The days before today that should be closed by now, oldest first. */
export const daysToClose = (now: Date): string[] =>
  Array.from({ length: lookBackDays }, (_, i) => dayBefore(now, lookBackDays - i));

/**
 * The days from `date` to today: the last event of a payment that had one on `date` may be on any of them. Oldest
 * first: a payment that gets a new event meanwhile moves to a later day, so it is found twice rather than missed.
 */
export function daysSince(date: string, now: Date): string[] {
  const days = [];
  for (let i = 0; dayBefore(now, i) >= date; i++) days.unshift(dayBefore(now, i));
  return days;
}

const dayBefore = (now: Date, days: number): string =>
  new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10);

/** Counts the events of a day and adds up their amounts, merchant by merchant. */
export class DayBook {
  readonly #closings = new Map<string, DayClosing>();
  readonly #date: string;
  readonly #closedAt: string;
  readonly #trace: Trace;

  /** @param open what was counted before */
  constructor(date: string, { now, trace }: { now: Date; trace: Trace }, open: DayClosing[] = []) {
    this.#date = date;
    this.#closedAt = now.toISOString();
    this.#trace = trace;
    for (const closing of open) this.#closings.set(closing.merchantId, structuredClone(closing));
  }

  add(payment: Payment): void {
    const { merchantId, currency, amountCaptured, history, refunds } = payment;
    const numbers = eventNumbersOn(payment, this.#date);
    if (numbers.length === 0) return;
    const { counts, totals } = this.#closingOf(merchantId);
    totals[currency] ??= { captured: 0, refunded: 0 };
    const total = totals[currency];
    for (const n of numbers) {
      const entry = history[n - 1] as HistoryEntry;
      const { type, refundId = '' } = entry;
      counts[type] = (counts[type] ?? 0) + 1;
      if (type === 'payment.captured.v1') total.captured += amountCaptured;
      const refunded = refunds[refundId]?.amount ?? 0;
      const sign = signOf(entry, history.slice(0, n - 1));
      if (sign > 0) total.refunded += refunded;
      if (sign < 0) total.reversed = (total.reversed ?? 0) + refunded;
    }
  }

  closings(): DayClosing[] {
    return [...this.#closings.values()];
  }

  /** Removes and returns the closings of all merchants but one, whose payments are not all counted. */
  takeAllBut(merchantId?: string): DayClosing[] {
    const taken = this.closings().filter((closing) => closing.merchantId !== merchantId);
    for (const closing of taken) this.#closings.delete(closing.merchantId);
    return taken;
  }

  #closingOf(merchantId: string): DayClosing {
    const known = this.#closings.get(merchantId);
    if (known) return known;
    const closing: DayClosing = {
      subject: subjectOfDay(this.#date, merchantId),
      merchantId,
      closedAt: this.#closedAt,
      trace: this.#trace,
      date: this.#date,
      counts: {},
      totals: {},
    };
    this.#closings.set(merchantId, closing);
    return closing;
  }
}

/** The subject of the event of a closed day. */
export const subjectOfDay = (date: string, merchantId: string): string => `day_${date}_${merchantId}`;

export const eventOfDay = ({
  subject,
  merchantId,
  closedAt,
  trace,
  date,
  counts,
  totals,
}: DayClosing): Event =>
  makeEvent(paymentsDayClosed, {
    subject,
    n: 1,
    time: closedAt,
    merchantid: merchantId,
    trace,
    data: { date, counts, totals },
  });

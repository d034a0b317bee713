import { type RepublishRequest, republish } from '@fanfold/runtime/republish';
import { type DayClosing, daysSince } from '../days/day.ts';
import type { Difference } from '../payment/difference.ts';
import { eventNumbersOn } from '../payment/events.ts';
import type { Payment } from '../payment/payment.ts';
import { closingsOf } from '../store/days.ts';
import { activeOn, differencesOn } from '../store/queries.ts';
import { republishEvents, republishWhole } from '../store/republish.ts';

/** Publishes the events of a day again, the event of the day's closing, and those of differences that were found on it. */
export const handler = republish(find, (again, now) =>
  'payment' in again ? republishEvents(again.payment, again.numbers, now) : republishWhole(again.whole, now),
);

type Again =
  | { id: string; payment: Payment; numbers: number[] }
  | { id: string; whole: DayClosing | Difference };

async function* find({ date, merchantId }: RepublishRequest, now: Date): AsyncGenerator<Again[]> {
  const merchants = new Set<string>();
  for (const day of daysSince(date, now)) {
    for await (const payments of activeOn(day, merchantId)) {
      const spoke = payments.flatMap((payment) => {
        const numbers = eventNumbersOn(payment, date);
        return numbers.length === 0 ? [] : [{ id: payment.id, payment, numbers }];
      });
      for (const { payment } of spoke) merchants.add(payment.merchantId);
      yield spoke;
    }
  }
  for await (const closings of closingsOf(date, [...merchants])) {
    yield closings.map((whole) => ({ id: whole.subject, whole }));
  }
  for await (const differences of differencesOn(date, merchantId)) {
    yield differences.map((whole) => ({ id: whole.subject, whole }));
  }
}

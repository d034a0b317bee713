import { isDeepStrictEqual } from 'node:util';
import { type Event, subjectId } from '@fanfold/contracts/event';

/** An event, and the text that it came as. The text is what is recorded: fields that are not known here too. */
export type Received = { event: Event; text: string };

/** A recorded event. */
export type Recorded = Pick<Event, 'id' | 'type' | 'subject' | 'merchantid' | 'time' | 'sequence'> & {
  correlationid: string;
  /** Where it stands among all events of all merchants, from 0, in the order of arrival: its index in the log. */
  position: number;
  recordedAt: string;
  /** The event as it came, unless it was erased. */
  text?: string;
};

/**
 * Whom what an event says is about, within its merchant: the payment that it belongs to stands for the customer who
 * paid, because a payment has its customer's details with it. What belongs to no payment, or to one that nobody could order to
 * be erased, is about its own subject.
 */
export function dataSubjectOf({ subject, data }: Event): string {
  const { paymentId } = Object(data) as { paymentId?: unknown };
  const payment = subjectId.safeParse(paymentId);
  return payment.success ? payment.data : subject;
}

/** Whether two texts say the same, whatever the order of their members and the space between them. */
export const isSameJson = (a: string, b: string): boolean =>
  a === b || isDeepStrictEqual(JSON.parse(a), JSON.parse(b));

/** How deeply a JSON text is nested. Read as text, because what is nested too deeply exhausts the stack. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}

/** An RFC 3339 time in UTC with nine decimals: text order is then time order, whatever form the times came in. */
export function comparableTime(time: string): string {
  const [, fraction = ''] = /\.(\d+)/.exec(time) ?? [];
  return `${new Date(time).toISOString().slice(0, 19)}.${fraction.slice(0, 9).padEnd(9, '0')}Z`;
}

import { isDeepStrictEqual } from 'node:util';
import type { Event } from '@fanfold/contracts/event';

/** An event, and the text of its message. The text is recorded, because it has fields that are not known here too. */
export type Received = { event: Event; text: string };

/** A recorded event. */
export type Recorded = Pick<Event, 'id' | 'type' | 'subject' | 'merchantid' | 'time' | 'sequence'> & {
  correlationid: string;
  /** Its index in the log, from 0: the order of arrival of all events of all merchants. */
  position: number;
  recordedAt: string;
  /** The event as it came, unless it was erased. */
  text?: string;
};

/** Whether two JSON texts have the same content, whatever the order of members and the white space. */
export const isSameJson = (a: string, b: string): boolean =>
  a === b || isDeepStrictEqual(JSON.parse(a), JSON.parse(b));

/** How deeply a JSON text is nested. It reads the text, because parsing deep nesting can exhaust the stack. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}

/** An RFC 3339 time in UTC with nine decimals, whatever its form was: sorted as text, such times are in order. */
export function comparableTime(time: string): string {
  const [, fraction = ''] = /\.(\d+)/.exec(time) ?? [];
  return `${new Date(time).toISOString().slice(0, 19)}.${fraction.slice(0, 9).padEnd(9, '0')}Z`;
}

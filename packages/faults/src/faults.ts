import { type Call, partOf } from './calls.ts';
import type { DeliveryFaultKind } from './deliveries.ts';

/**
 * What can become of a call. The wire is broken below the SDK, so that its own retries are part of the truth: most
 * writes that a consumer sees fail were sent three times.
 */
export const faultKinds = [
  /** The connection is refused: nothing was sent. */
  'refused',
  /** Done, and the connection lost before the answer. */
  'answer-lost',
  /** Done, and answered with 500. */
  'answered-500',
  /** Not answered in time, and done later: after the next write to the same table, or once faults have stopped. */
  'late',
  /** Done at once, and never answered. */
  'stalled',
  /** Not done, for want of capacity. */
  'throttled',
  /** Not done, for want of permission. */
  'denied',
  /** Done in part, and answered so. */
  'partial',
  /** Not done, because of another transaction, or at Stripe because of another call with the same key. */
  'conflict',
  /** Not done, because of another transaction that has one of its items, and for want of capacity for another item. */
  'conflict-throttled',
  /** Done twice, by the network. */
  'duplicated',
  /** An index, or a list at Stripe, that does not know yet what was written. */
  'stale',
  /** The process ends before the call is sent. */
  'killed-before',
  /** The process ends after it was done. */
  'killed-after',
  /** The same event or request arrives a second time and is worked off before this call goes on. */
  'race-lost',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** How far a fault reaches: one attempt, all attempts of one command (three), or also the two commands after it. */
export const reaches = ['once', 'command', 'long'] as const;

/**
 * A fault at the n-th command (from 0) that a function sends to a target, or at the n-th delivery to a function: what
 * can become of those is told in deliveries.ts.
 */
export type Fault = {
  site: string;
  nth: number;
  kind: FaultKind | DeliveryFaultKind;
  reach: (typeof reaches)[number];
};

/** What becomes of each attempt at a call, and of each delivery and request: nothing, or a fault. */
export type Fate = {
  call(place: Place, attempt: number): Fault | undefined;
  delivery(site: string, nth: number): Fault | undefined;
};

export const nothingBreaks: Fate = { call: () => undefined, delivery: () => undefined };

/** These faults, and no others. */
export const fateOf = (faults: Fault[]): Fate => ({
  call: (place, attempt) => faults.find((fault) => strikes(fault, place, attempt)),
  delivery: (site, nth) => faults.find((fault) => fault.site === site && fault.nth === nth),
});

/** A call's place in a run: its site is who asks what of whom, such as `billing.consumer BatchGetItem billing`. */
export type Place = { site: string; nth: number; call: Call };

export function strikes({ site, nth, reach }: Fault, place: Place, attempt: number): boolean {
  if (site !== place.site) return false;
  if (reach === 'once') return place.nth === nth && attempt === 0;
  return place.nth >= nth && place.nth < nth + (reach === 'long' ? 3 : 1);
}

const writes = new Set(['PutItem', 'UpdateItem', 'TransactWriteItems', 'DeleteItem', 'PutObject']);

/** Whether a call changes, sends or signs something: what was signed is out in the world. */
export const isWrite = (call: Call): boolean => {
  const { operation, protocol } = call;
  return (
    writes.has(operation) ||
    operation === 'Sign' ||
    ['sqs', 'sns', 'witness'].includes(protocol) ||
    isPost(call)
  );
};

/** Whether it changes anything at Stripe. */
const isPost = ({ protocol, operation }: Call): boolean => protocol === 'stripe' && operation === 'POST';

/** Which faults a call can have, in the order in which they are tried. */
export function kindsFor(call: Call): FaultKind[] {
  const { operation, target } = call;
  return faultKinds.filter((kind) => {
    switch (kind) {
      case 'late':
      case 'duplicated':
      case 'answered-500':
      // Of a read nothing stays: whether it is done or not, its answer is missing.
      case 'answer-lost':
      case 'killed-after':
        return isWrite(call);
      case 'partial':
        return partOf(call) !== undefined;
      case 'conflict':
        return writes.has(operation) || isPost(call);
      case 'conflict-throttled':
        return operation === 'TransactWriteItems';
      case 'denied':
        // A witness that does not know the log says so to every call.
        return call.protocol !== 'witness';
      case 'stale':
        return (
          (operation === 'Query' && target.includes('/')) ||
          (operation === 'GET' && target === 'stripe/refunds')
        );
      default:
        return true;
    }
  });
}

import type { Place } from '../../aws/places.ts';
import type { DeadLetter } from './deadLetter.ts';

/** Where dead letters of a service may lie. */
export const place = (service: string, kind: Place['kind'] = 'events'): Place => ({
  name: `fanfold-test-${service}-${kind}`,
  service,
  kind,
});
/** A dead letter of billing. */
export const deadLetter = (changes: Partial<DeadLetter> = {}): DeadLetter => ({
  place: place('billing'),
  messageId: 'message-1',
  cause: 'contradiction',
  sourceMessageId: null,
  detail: null,
  since: '2026-11-23T10:00:00.000Z',
  id: 'pay_1:1',
  type: 'payment.captured.v1',
  subject: 'pay_1',
  merchantId: 'acme',
  aside: null,
  body: '{}',
  attributes: {},
  ...changes,
});

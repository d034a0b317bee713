import { createHmac, timingSafeEqual } from 'node:crypto';

/** How far the time of a signature may be from now, in both directions. Stripe's own library lets the future pass. */
const toleranceSeconds = 300;

/**
 * Why a notification is not Stripe's; undefined when it is: one of its signatures is by one of the secrets, and its time is near.
 * https://docs.stripe.com/webhooks#verify-manually
 *
 * @param raw the body, byte for byte as it was sent
 * @param header `stripe-signature`: `t=<unix seconds>,v1=<hex>,…`, with several v1 while a secret is rotated
 */
export function signatureFault(
  raw: Uint8Array,
  header: string,
  secrets: readonly string[],
  now: Date,
): string | undefined {
  const parts = header.split(',').map((part) => part.split('=', 2) as [string, string | undefined]);
  const time = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!/^\d{1,12}$/.test(time)) return 'its signature has no time';
  if (Math.abs(secondsOf(now) - Number(time)) > toleranceSeconds)
    return `it was signed more than ${toleranceSeconds} s from now`;
  const given = parts.flatMap(([name, value]) => (name === 'v1' && value ? [Buffer.from(value)] : []));
  const isSigned = secrets.some((secret) => {
    const expected = Buffer.from(signature(raw, secret, time));
    return given.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
  });
  return isSigned ? undefined : 'it was signed with none of the webhook secrets, or changed since';
}

const signature = (raw: Uint8Array, secret: string, time: string): string =>
  createHmac('sha256', secret).update(`${time}.`).update(raw).digest('hex');

const secondsOf = (time: Date): number => Math.floor(time.getTime() / 1000);

/** The header that Stripe would send with a body. */
export const signatureHeader = (raw: Uint8Array, secret: string, now: Date): string => {
  const time = String(secondsOf(now));
  return `t=${time},v1=${signature(raw, secret, time)}`;
};

/** What is kept of a notification: of which payment Stripe has news. The news itself is asked for. */
export type Notice = {
  id: string;
  type: string;
  /** When it happened (RFC 3339, UTC). */
  time: string;
  /** The PaymentIntent. */
  reference: string;
};

/**
 * What a notification that was verified says; undefined when it is of a kind that is not needed, or of the other mode.
 *
 * @param isLive whether the stage takes real money
 * @throws SyntaxError when it is no JSON
 */
export function noticeOf(raw: Uint8Array, isLive: boolean): Notice | undefined {
  const event = Object(JSON.parse(Buffer.from(raw).toString())) as StripeEvent;
  return event.livemode === isLive ? noticeOfEvent(event) : undefined;
}

/** The same of an event that Stripe was asked for. */
export function noticeOfEvent({ id, type, created, data }: StripeEvent): Notice | undefined {
  if (typeof id !== 'string' || typeof created !== 'number' || !isRelevant(type)) return undefined;
  const { object, id: objectId, payment_intent } = data?.object ?? {};
  const reference = object === 'payment_intent' ? objectId : payment_intent;
  if (typeof reference !== 'string' || !/^pi_\w{1,250}$/.test(reference)) return undefined;
  return { id, type, time: new Date(created * 1000).toISOString(), reference };
}

export type StripeEvent = {
  id?: unknown;
  type?: unknown;
  created?: unknown;
  livemode?: unknown;
  data?: { object?: { object?: unknown; id?: unknown; payment_intent?: unknown } };
};

/** The types of events that say that a payment is not what it was. Give them to the endpoint at Stripe. */
export const relevantTypes = [
  'payment_intent.succeeded',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'payment_intent.processing',
  'payment_intent.canceled',
  'payment_intent.amount_capturable_updated',
  'refund.created',
  'refund.updated',
  'refund.failed',
  'charge.expired',
  'charge.dispute.created',
  'charge.dispute.updated',
  'charge.dispute.closed',
  'charge.dispute.funds_withdrawn',
  'charge.dispute.funds_reinstated',
] as const;

const isRelevant = (type: unknown): type is (typeof relevantTypes)[number] =>
  (relevantTypes as readonly unknown[]).includes(type);

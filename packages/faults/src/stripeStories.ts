import type { Merchant, Payment } from './merchant.ts';
import { insist, type Story, settled, tick } from './telling.ts';
import type { World } from './world.ts';

/** What is told with Stripe behind payments. Its notifications are asked of it, and come twice and in reverse, or never. */
export const stripeStories: Record<string, Story> = {
  /** Paid and captured at once; what Stripe says of it is known already. */
  async 'stripe-sale'(world, shop) {
    const { body: payment } = await shop.pay();
    await settled(world, shop, payment);
    await notify(world, 'as-it-happened');
    await world.drain();
  },

  /**
   * Reserved, captured in part, and given back in two parts that are pending for a day. Of the second one no notification comes: a
   * clock looks.
   */
  async 'stripe-refunds'(world, shop) {
    const { body: payment } = await shop.pay({
      captureMethod: 'manual',
      paymentMethod: 'pm_card_pendingRefund',
    });
    await settled(world, shop, payment);
    await shop.capture(payment.id, 9000);
    await settled(world, shop, payment);
    await refunded(world, shop, payment, 2000);
    await world.drain();
    world.clock.advance(25 * hourMs);
    await notify(world, 'twice-in-reverse');
    await world.drain();
    await refunded(world, shop, payment, 7000);
    world.clock.advance(25 * hourMs);
    await tick(world, 'payments.janitor');
    await world.drain();
  },

  /**
   * Two refunds that fail a day after they succeeded. What was said of the first one was heard by then; the success of the second one
   * and its failure are heard at once.
   */
  async 'stripe-refunds-fail'(world, shop) {
    const { body: payment } = await shop.pay({ paymentMethod: 'pm_card_refundFail' });
    await settled(world, shop, payment);
    await refunded(world, shop, payment, 2000);
    await world.drain();
    await refunded(world, shop, payment, 3000);
    world.clock.advance(25 * hourMs);
    await notify(world, 'twice-in-reverse');
    await world.drain();
  },

  /** Customers have to authenticate: one does so, one fails and tries again later with another card, and one never comes back. */
  async 'stripe-action'(world, shop) {
    const asked = { paymentMethod: 'pm_card_authenticationRequired' };
    const payments: Payment[] = [];
    for (let i = 0; i < 3; i++) payments.push((await shop.pay(asked)).body);
    for (const [i, payment] of payments.slice(0, 2).entries()) {
      await asksCustomer(world, shop, payment);
      const intent = [...world.stripe.intents.values()].find(
        ({ metadata, status }) => metadata.fanfold_payment === payment.id && status === 'requires_action',
      );
      if (intent) world.stripe.authenticate(intent.id, i === 0);
    }
    await notify(world, 'twice-in-reverse');
    await world.drain();
    for (const { id } of world.stripe.intents.values()) world.stripe.tryAgain(id);
    world.clock.advance(61 * 60_000);
    await tick(world, 'payments.janitor');
    await notify(world, 'as-it-happened');
    await world.drain();
  },

  /** The customer's bank takes the money back: meanwhile nothing is refunded, and the bank is right in the end. */
  async 'stripe-dispute'(world, shop) {
    const { body: payment } = await shop.pay({ paymentMethod: 'pm_card_createDispute' });
    await settled(world, shop, payment);
    world.clock.advance(hourMs);
    await notify(world, 'twice-in-reverse');
    await world.drain();
    await shop.refund(payment.id, 1000);
    for (const { id } of world.stripe.disputes.values()) world.stripe.closeDispute(id, 'lost');
    await notify(world, 'twice-in-reverse');
    await world.drain();
  },

  /** No notification ever comes: of a refund that failed, which the comparison of the day finds; and of an authorization that expired. */
  async 'stripe-silent'(world, shop) {
    const { body: payment } = await shop.pay({ paymentMethod: 'pm_card_refundFail' });
    const { body: forgotten } = await shop.pay({ captureMethod: 'manual' });
    for (const each of [payment, forgotten]) await settled(world, shop, each);
    await refunded(world, shop, payment, 2000);
    await world.drain();
    world.clock.advance(25 * hourMs);
    await tick(world, 'payments.reconcile');
    await world.drain();
    await tick(world, 'payments.catchUp');
    world.clock.advance(4 * 24 * hourMs);
    world.stripe.passTime();
    world.clock.advance(2 * hourMs);
    await tick(world, 'payments.catchUp');
    await world.drain();
  },

  /** Nobody finds out for a day what came of a refund: by then Stripe has forgotten its key. */
  async 'stripe-outage'(world, shop) {
    const { body: payment } = await shop.pay();
    await settled(world, shop, payment);
    await shop.refund(payment.id, 2000);
    world.clock.advance(25 * hourMs);
    await tick(world, 'payments.janitor');
    await world.drain();
  },
};

const hourMs = 3_600_000;

/** Sends what has happened at Stripe, each until it is taken, as Stripe does for three days. */
async function notify(world: World, order: 'as-it-happened' | 'twice-in-reverse'): Promise<void> {
  const events = world.takeEventsOfStripe();
  const reverse = events.toReversed();
  for (const event of order === 'as-it-happened' ? events : [...reverse, ...reverse]) {
    for (let attempt = 0; attempt < 30; attempt++) {
      const { body, signature } = world.stripe.notification(event);
      const outcome = await world.request('payments.stripeWebhook', requestOf(body, signature));
      if (outcome.status === 'answered' && (outcome.value as { statusCode: number }).statusCode === 200)
        break;
      world.clock.advance(60_000);
    }
  }
}

const requestOf = (body: string, signature: string) => ({
  version: '2.0',
  routeKey: 'POST /webhooks/stripe',
  rawPath: '/webhooks/stripe',
  rawQueryString: '',
  headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
  requestContext: { http: { method: 'POST', path: '/webhooks/stripe' } },
  isBase64Encoded: true,
  body: Buffer.from(body).toString('base64'),
});

/** Until it is known that the customer has to act, or what came of the payment otherwise. */
async function asksCustomer(world: World, shop: Merchant, { id }: Payment): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    const { status, nextAction } = await shop.show(id);
    if (status !== 'processing' || nextAction) return;
    world.clock.advance(60_000);
    await world.run('payments.janitor');
  }
}

/** Refunds, and lets the janitor find out what came of it where the request did not. */
async function refunded(world: World, shop: Merchant, { id }: Payment, amount: number): Promise<void> {
  const { body: refund } = await shop.refund(id, amount);
  for (let tries = 0; tries < 5; tries++) {
    const { refunds = [] } = await shop.show(id);
    if (refunds.find((each) => each.id === refund.id)?.status !== 'pending') return;
    world.clock.advance(60_000);
    await world.run('payments.janitor');
  }
}

/** The clock that reads Stripe's news has run before: it goes on from there. */
export const beginCatchingUp = (world: World): Promise<void> => insist(world, 'payments.catchUp', {});

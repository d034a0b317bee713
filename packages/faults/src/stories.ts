import { invoiceIssued } from '@fanfold/contracts/billing';
import { makeEvent } from '@fanfold/contracts/event';
import { type PaymentProvider, servicesUnderTest } from './functions.ts';
import type { Merchant, Payment } from './merchant.ts';
import { randomFrom } from './random.ts';
import { beginCatchingUp, stripeStories } from './stripeStories.ts';
import { insist, type Story, settled, tick } from './telling.ts';
import type { World } from './world.ts';

/** What happens before faults strike: days before this one are closed. */
export const before: Record<string, (world: World) => Promise<unknown>> = {
  'day-close': closeDays,
  lost: closeDays,
  log: (world) => world.fillLog(254),
  ...Object.fromEntries(Object.keys(stripeStories).map((story) => [story, beginCatchingUp])),
};

/** By whom payments are taken in a story. */
export const providerOf = (story: string): PaymentProvider => (story in stripeStories ? 'stripe' : 'sandbox');

export const stories: Record<string, Story> = {
  ...stripeStories,

  /** Paid and captured at once. */
  async sale(world, shop) {
    await shop.pay();
    await world.drain();
  },

  /** Reserved, captured in part, given back in two parts; everything that follows is heard at once. */
  async refunds(world, shop) {
    const { body: payment } = await shop.pay({ captureMethod: 'manual' });
    await settled(world, shop, payment);
    await shop.capture(payment.id, 9000);
    await settled(world, shop, payment);
    await shop.refund(payment.id, 2000);
    await shop.refund(payment.id, 7000);
    // Nothing is left to be given back.
    await shop.refund(payment.id, 1);
    await world.drain();
  },

  /** The same with each step heard before the next is taken. */
  async 'step-by-step'(world, shop) {
    const { body: payment } = await shop.pay();
    await world.drain();
    await settled(world, shop, payment);
    await shop.refund(payment.id, 2000);
    await world.drain();
    await shop.refundLines(payment.id, [{ line: 1 }]);
    await world.drain();
  },

  /**
   * The shop's company has no VAT id when its sales are captured, so that they wait, with a refund, until it has one. The invoices
   * that follow are issued by a clock.
   */
  async 'late-seller'(world, shop) {
    const payments = [];
    for (let i = 0; i < 2; i++) {
      const { body: payment } = await shop.pay({ captureMethod: 'manual' });
      await settled(world, shop, payment);
      payments.push(payment);
    }
    await shop.putSeller(null);
    for (const { id } of payments) await shop.capture(id, 12_100);
    await shop.refund(payments[0]?.id ?? '', 2000);
    await world.drain();
    await shop.putSeller('BE1999999943');
    await tick(world, 'billing.releaseParked');
    await world.drain();
  },

  /** What does not become a sale: given up, declined, and two whose provider never answers. */
  async endings(world, shop) {
    const { body: payment } = await shop.pay({ captureMethod: 'manual' });
    await settled(world, shop, payment);
    await shop.cancel(payment.id);
    await shop.pay({ paymentMethod: 'pm_card_declined' });
    const { body: unknown } = await shop.pay({ paymentMethod: 'pm_card_timeout' });
    await shop.pay({ paymentMethod: 'pm_card_timeout_lost' });
    await settled(world, shop, unknown);
    await shop.misuseFirstKey();
    await world.drain();
  },

  /** Reserved and forgotten: a clock gives it up after seven days. */
  async expiry(world, shop) {
    const { body: payment } = await shop.pay({ captureMethod: 'manual' });
    await settled(world, shop, payment);
    world.clock.advance(8 * 86_400_000);
    await tick(world, 'payments.expiry');
    await world.drain();
  },

  /** A sale and a refund, and the day is closed by the clock after midnight. */
  async 'day-close'(world, shop) {
    const { body: payment } = await shop.pay();
    await settled(world, shop, payment);
    await shop.refund(payment.id, 100);
    await world.drain();
    world.clock.advance(86_400_000);
    await tick(world, 'payments.dayClose');
    await world.drain();
  },

  /**
   * Nobody but payments knows of a sale, and of another only audit does not, which is invoiced before it is said again. The
   * day's closing shows it, and what is in the tables is said again.
   */
  async lost(world, shop) {
    const date = new Date(world.clock.now).toISOString().slice(0, 10);
    for (const losing of [['billing.consumer', 'audit.consumer'], ['audit.consumer']]) {
      const { body: payment } = await shop.pay();
      await settled(world, shop, payment);
      await world.lose(...losing);
    }
    await world.drain();
    world.clock.advance(86_400_000);
    await tick(world, 'payments.dayClose');
    await world.drain();
    await insist(world, 'payments.republish', { date, merchantId: shop.id });
    await world.drain();
    await insist(world, 'billing.republish', { date, merchantId: shop.id });
    await insist(world, 'payments.republish', { date, merchantId: shop.id });
    await world.drain();
  },

  /** Two shops' sales and refunds come in one batch, with messages among them that can never be handled. */
  async crowd(world, shop, other) {
    const payments = await Promise.all([
      shop.pay(),
      shop.pay({ amount: 100, lines: undefined }),
      other.pay(),
    ]);
    for (const [seller, { body }] of [
      [shop, payments[0]],
      [other, payments[2]],
    ] as const) {
      await settled(world, seller, body);
      await seller.refund(body.id, 12_100);
    }
    for (const service of servicesUnderTest) await world.send(service, poisonFor(shop));
    await world.drain();
    // Numbers that follow on others.
    await Promise.all([shop.pay(), shop.pay()]);
    await world.drain();
  },
};

/**
 * A log as it grows: by size, by clock, by two publishers at once, witnessed in between, by its own witness and one outside; somebody issues a document whose
 * number is there; somebody is erased; and somebody changes entries that are not published yet, and changes them back.
 */
stories.log = async (world, shop) => {
  // Completes a tile.
  const { body: payment } = await shop.pay();
  await world.drain();
  await tick(world, 'audit.witness');
  await tick(world, 'audit.askWitnesses');
  await tick(world, 'audit.publishLog');
  await world.send('audit', forgedInvoice(shop, payment, world.clock.now));
  world.clock.advance(1000);
  const order = { merchantId: shop.id, subject: payment.id, reason: null, operationId: `op_${shop.id}` };
  await insist(world, 'audit.eraseSubject', order);
  await world.drain();
  await Promise.all([tick(world, 'audit.publishLog'), tick(world, 'audit.publishLog')]);
  await Promise.all([tick(world, 'audit.witness'), tick(world, 'audit.witness')]);
  await Promise.all([tick(world, 'audit.askWitnesses'), tick(world, 'audit.askWitnesses')]);
  await shop.refund(payment.id, 100);
  await world.drain();
  const changeBack = await world.changeLastEntries();
  await world.run('audit.publishLog');
  await changeBack();
  await tick(world, 'audit.publishLog');
  await tick(world, 'audit.witness');
  world.clock.advance(60_000);
  await tick(world, 'audit.askWitnesses');
};

/** The event of another invoice of a payment, with the number of the shop's first one. */
function forgedInvoice(shop: Merchant, payment: Payment, now: number): string {
  const time = new Date(now).toISOString();
  const zero = { net: 0, tax: 0, gross: 0, taxByRate: [] };
  const event = makeEvent(invoiceIssued, {
    subject: `inv_of_nobody_${shop.id}`,
    n: 1,
    time,
    merchantid: shop.id,
    trace: {
      correlationid: 'forged',
      causationid: 'forged',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    },
    data: {
      invoiceId: `inv_of_nobody_${shop.id}`,
      number: `INV-${time.slice(0, 4)}-000001`,
      issueDate: time.slice(0, 10),
      paymentId: payment.id,
      orderId: 'forged',
      currency: payment.currency,
      totals: zero,
    },
  });
  return JSON.stringify(event);
}

/** Drawn from the seed: what two shops do in any order, heard at any time. For soaks. */
stories.bazaar = async (world, shop, other, seed) => {
  const random = randomFrom(seed);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const known: { seller: Merchant; id: string }[] = [];
  for (let step = 0; step < 4 + random() * 6; step++) {
    const payment = known.length > 0 ? pick(known) : undefined;
    const what = payment ? pick(['pay', 'capture', 'refund', 'refund', 'cancel', 'hear', 'tick']) : 'pay';
    if (what === 'pay' || !payment) {
      const seller = pick([shop, other]);
      const paymentMethod = pick(['pm_card_visa', 'pm_card_visa', 'pm_card_timeout', 'pm_card_declined']);
      const { status, body } = await seller.pay({
        paymentMethod,
        captureMethod: pick(['automatic', 'manual']),
      });
      if (status === 201) known.push({ seller, id: body.id });
    } else if (what === 'capture') await payment.seller.capture(payment.id, pick([12_100, 5000]));
    else if (what === 'refund') await payment.seller.refund(payment.id, pick([100, 3000, 12_100]));
    else if (what === 'cancel') await payment.seller.cancel(payment.id);
    else if (what === 'hear') await world.drain();
    else {
      world.clock.advance(60_000);
      await tick(world, 'payments.janitor');
    }
  }
  await world.drain();
};

/** Closes the days that the clock would still close, without looking at a week of empty ones. */
async function closeDays(world: World): Promise<void> {
  for (let day = 1; day <= 8; day++) {
    const date = new Date(world.clock.now - day * 86_400_000).toISOString().slice(0, 10);
    await world.put('payments', { pk: { S: `closed#${date}` } });
  }
}

/** What is no event, and has to be in the dead letters of each service in the end. */
export const poisonFor = ({ id }: Merchant): string => `poison of ${id}`;
export const isPoisoned = (story: string): boolean => story === 'crowd';

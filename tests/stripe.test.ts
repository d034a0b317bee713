import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { packageService } from '@fanfold/local-cloud/packagedTemplates';
import { freeBasePort, freePort } from '@fanfold/local-cloud/ports';
import { findStack } from '@fanfold/local-cloud/stack';
import { type StripeServer, startStripeFake } from '@fanfold/stripe-fake/server';
import { signatureHeader } from '@fanfold/stripe-fake/signature';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { paymentProviderOf } from '../scripts/dev/paymentProvider.ts';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { payable, pay as payByConsole } from '../scripts/fanfold/console/paying.ts';
import { type Client, clientOf, type Shown, twoChairs } from './client.ts';
import { invoke, type RunningStack, startDev } from './runningStack.ts';
import { type Item, Tables } from './tables.ts';
import { Wire } from './wire.ts';

/**
 * What payments does with a provider is the same whoever it is. So one story is told to the sandbox, to Stripe as the fake has it, and
 * with STRIPE_TEST_KEY to Stripe itself, in its test mode.
 */
const { STRIPE_TEST_KEY } = process.env;
const providers = ['sandbox', 'stripe', ...(STRIPE_TEST_KEY ? ['stripe itself'] : [])];
const declinedCards: Record<string, string> = { sandbox: 'pm_card_declined' };

const repository = join(import.meta.dirname, '..');
const key = 'sk_test_canary4242';
const webhookSecret = 'whsec_canary4242';

let environment: Record<string, string>;
let stack: RunningStack;
let stripe: StripeServer | undefined;
let merchant: Client;

async function start(provider: string): Promise<void> {
  const base = await freeBasePort();
  const webhookUrl = `http://127.0.0.1:${base + 1}/webhooks/stripe`;
  stripe = provider === 'stripe' ? await startStripeFake({ key, webhookSecret, webhookUrl }) : undefined;
  environment = {
    FANFOLD_PAYMENT_PROVIDER: provider === 'sandbox' ? 'sandbox' : 'stripe',
    FANFOLD_STRIPE_KEY: stripe ? key : (STRIPE_TEST_KEY ?? ''),
    FANFOLD_STRIPE_WEBHOOK_SECRET: webhookSecret,
    FANFOLD_STRIPE_URL: stripe?.url ?? '',
  };
  stack = await startDev(base, environment);
  merchant = await clientOf(base, 'story-provider');
}

async function end(): Promise<void> {
  expect(await stack?.stop()).toBe(0);
  await stripe?.stop();
}

/** The lines that docs/stripe.md has for a shell, with another port of the fake, as others run one too. */
async function commandsOfPage(fakePort: number): Promise<string[]> {
  const page = await readFile(join(repository, 'docs/stripe.md'), 'utf8');
  const blocks = [...page.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);
  return blocks.flatMap((block) => block.trim().replaceAll(':12111', `:${fakePort}`).split('\n'));
}

/** What a line sets in the shell that it is typed in. */
const exportsOf = (line = ''): Record<string, string> =>
  Object.fromEntries([...line.matchAll(/(FANFOLD_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]));

const eventually = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000, interval: 100 });

const pay = (changes: object = {}) => merchant.post('/payments', twoChairs({ ...changes }));
const payment = async (id: string) => (await merchant.get(`/payments/${id}`)).body as Shown & Paid;
type Paid = {
  nextAction: { type: string; url: string } | null;
  disputes: { id: string; status: string }[];
};

const typesOf = async (id: string) =>
  (await merchant.all(`/events?subject=${id}`)).map((event) => (event as unknown as { type: string }).type);

describe.each(providers)('With %s as the provider', (provider) => {
  beforeAll(() => start(provider), 120_000);
  afterAll(end);

  it('a payment is captured once, however often it is asked for, and invoiced', async () => {
    const headers = { 'idempotency-key': 'order-1' };
    const first = await merchant.post('/payments', twoChairs(), headers);
    expect(first).toMatchObject({ status: 201, body: { status: 'captured', amountCaptured: 12_100 } });
    const again = await merchant.post('/payments', twoChairs(), headers);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    await eventually(async () => {
      expect(await payment(first.body.id)).toMatchObject({ invoiceNumber: expect.stringMatching(/^INV-/) });
      expect(await typesOf(first.body.id)).toEqual(['payment.captured.v1']);
    });
  });

  it('an authorization is captured in part, and given back in two parts', async () => {
    const { body } = await pay({ captureMethod: 'manual' });
    expect(body).toMatchObject({ status: 'authorized' });
    const captured = await merchant.post(`/payments/${body.id}/capture`, { amount: 5000 });
    expect(captured.body).toMatchObject({ status: 'captured', amountCaptured: 5000 });
    for (const amount of [2000, 3000]) {
      const refund = await merchant.post(`/payments/${body.id}/refunds`, { amount });
      expect(refund).toMatchObject({ status: 201, body: { amount, status: 'succeeded' } });
    }
    expect(await merchant.post(`/payments/${body.id}/refunds`, { amount: 1 })).toMatchObject({ status: 409 });
    expect(await payment(body.id)).toMatchObject({ amountCaptured: 5000, amountRefunded: 5000 });
  });

  it('an authorization is canceled', async () => {
    const { body } = await pay({ captureMethod: 'manual' });
    expect(await merchant.post(`/payments/${body.id}/cancel`, {})).toMatchObject({
      body: { status: 'canceled' },
    });
  });

  it('a declined card is refused, and the payment has failed', async () => {
    const paymentMethod = declinedCards[provider] ?? 'pm_card_visa_chargeDeclined';
    const { status, body } = await pay({ paymentMethod });
    expect([status, body]).toMatchObject([402, { code: 'card_declined', declineCode: 'generic_decline' }]);
    expect(await payment(body.paymentId)).toMatchObject({ status: 'failed' });
  });
});

describe('With the commands of docs/stripe.md', () => {
  let fake: ChildProcess;
  let commands: string[];

  beforeAll(async () => {
    const base = await freeBasePort();
    commands = await commandsOfPage(await freePort());
    const exported = exportsOf(commands.find((line) => line.startsWith('export ')));
    expect(commands.slice(0, 3)).toEqual(['pnpm stripe-fake', expect.stringMatching(/^export /), 'pnpm dev']);
    const { scripts } = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
    const [node, script] = scripts['stripe-fake'].split(' ');
    expect([node, scripts.dev]).toEqual(['node', 'node scripts/dev.ts']);
    const { FANFOLD_STRIPE_URL = '' } = exported;
    const env = { ...process.env, FANFOLD_PORT: String(base), FANFOLD_STRIPE_URL };
    fake = spawn(process.execPath, [script], { cwd: repository, env, stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: fake.stdout as Readable }), 'line');
    expect(line).toContain(`at ${FANFOLD_STRIPE_URL}`);
    stack = await startDev(base, exported);
    merchant = await clientOf(base, 'acme');
  }, 120_000);
  afterAll(async () => {
    await end();
    fake?.kill();
  });

  it('the fake takes payments, and tells of them; the console offers what it knows', async () => {
    vi.stubEnv('FANFOLD_PORT', String(stack.base));
    expect(await payable()).toEqual(['payment', 'declined', 'refund']);
    const { paymentId, sentence } = await payByConsole({ merchant: 'acme', what: 'payment' });
    expect(sentence).toContain('captured');
    const declined = await payByConsole({ merchant: 'acme', what: 'declined' });
    expect(declined.sentence).toContain('declined');
    await expect(payByConsole({ merchant: 'acme', what: 'timeout' })).rejects.toThrow('no such card');
    vi.unstubAllEnvs();
    const { body } = await pay({ paymentMethod: 'pm_card_authenticationRequired' });
    await fetch(String((await payment(body.id)).nextAction?.url), { redirect: 'manual' });
    await eventually(async () => expect(await payment(body.id)).toMatchObject({ status: 'captured' }));
    const webhook = commands.find((line) => line.startsWith('./fanfold webhook')) ?? '';
    const [, ...typed] = webhook.replace('pay_…', paymentId).split(' ');
    expect(await fanfold(typed, stack.base)).toMatchObject({ code: 0 });
  });
});

describe('With Stripe', () => {
  beforeAll(() => start('stripe'), 120_000);
  afterAll(end);
  const fake = () => (stripe as StripeServer).fake;
  const intentOf = (paymentId: string) =>
    [...fake().intents.values()].find(({ metadata }) => metadata.fanfold_payment === paymentId)?.id as string;
  /** Until the next notification. */
  const withoutNotifications = async (happens: () => unknown) => {
    const { onEvent } = fake();
    fake().onEvent = () => {};
    await happens();
    fake().onEvent = onEvent;
  };

  /** The tables before a refund failed that had succeeded, and the payment that it was of. */
  const kept = new Map<string, Item[]>();
  let reversed: string;
  const keepTables = async () => {
    const tables = await Tables.of(stack.base);
    for (const service of ['payments', 'billing']) {
      await invoke(stack.base, service, 'markTable');
      kept.set(service, await tables.itemsOf(service));
    }
  };

  it('a customer authenticates, and notifications that come twice and reversed leave one outcome', async () => {
    const { status, body } = await pay({ paymentMethod: 'pm_card_authenticationRequired' });
    expect([status, body.status]).toEqual([201, 'processing']);
    const { nextAction } = await payment(body.id);
    expect(nextAction).toEqual({
      type: 'redirect_to_url',
      url: expect.stringContaining('/authenticate/pi_'),
    });
    await fetch(String(nextAction?.url), { redirect: 'manual' });
    await eventually(async () => {
      expect(await payment(body.id)).toMatchObject({ status: 'captured', nextAction: null });
      expect(await typesOf(body.id)).toEqual(['payment.captured.v1']);
    });
    await eventually(async () => {
      expect((await merchant.get(`/invoices?paymentId=${body.id}`)).body.data).toHaveLength(1);
    });
  });

  it('a customer who fails to authenticate has not paid', async () => {
    const { body } = await pay({ paymentMethod: 'pm_card_authenticationRequired' });
    const { nextAction } = await payment(body.id);
    await fetch(`${nextAction?.url}?failed`, { redirect: 'manual' });
    await eventually(async () => expect(await payment(body.id)).toMatchObject({ status: 'failed' }));
    expect(fake().intents.get(intentOf(body.id))).toMatchObject({ amount_received: 0 });
  });

  it('a refund that fails after it succeeded is undone in payments, billing and audit', async () => {
    const { body } = await pay();
    const refund = await merchant.post(`/payments/${body.id}/refunds`, { amount: 4000 });
    expect(refund.body.status).toBe('succeeded');
    await eventually(async () => {
      expect(await payment(body.id)).toMatchObject({ refunds: [{ creditNoteNumber: expect.any(String) }] });
    });
    await keepTables();
    reversed = body.id;
    const [last] = [...fake().refunds.values()].slice(-1);
    fake().failRefund(String(last?.id));
    await eventually(async () => {
      expect(await payment(body.id)).toMatchObject({ amountRefunded: 0, refunds: [{ status: 'failed' }] });
      expect(await typesOf(body.id)).toEqual([
        'payment.captured.v1',
        'payment.refunded.v1',
        'payment.refund-failed.v1',
      ]);
      // The credit note stays, and an invoice takes it back.
      expect((await merchant.get(`/invoices?paymentId=${body.id}`)).body.data).toMatchObject([
        { totals: { gross: 4000 } },
        { totals: { gross: 12_100 } },
      ]);
    });
  });

  it('a dispute whose notification was lost is found by the clock, and its end by the command', async () => {
    const { body } = await pay();
    await withoutNotifications(() => fake().dispute(intentOf(body.id)));
    await invoke(stack.base, 'payments', 'catchUp');
    const { disputes } = await payment(body.id);
    expect(disputes).toMatchObject([{ status: 'open' }]);
    expect(await merchant.post(`/payments/${body.id}/refunds`, { amount: 1 })).toMatchObject({
      status: 409,
      body: { code: 'payment_disputed' },
    });
    await withoutNotifications(() => fake().closeDispute(String(disputes[0]?.id), 'won'));
    vi.stubEnv('FANFOLD_STRIPE_WEBHOOK_SECRET', webhookSecret);
    const command = `webhook --type charge.dispute.closed --payment ${body.id} --merchant story-provider`;
    expect(await fanfold(command.split(' '), stack.base)).toMatchObject({ code: 0 });
    vi.unstubAllEnvs();
    await eventually(async () =>
      expect(await payment(body.id)).toMatchObject({ disputes: [{ status: 'won' }] }),
    );
  });

  it('an amount that Stripe cannot express or does not take is refused with its field', async () => {
    const cannot = await pay({ amount: 1234, currency: 'KWD', lines: undefined });
    expect(cannot).toMatchObject({ status: 422, body: { errors: [{ pointer: '#/amount' }] } });
    const tooSmall = await pay({ amount: 1, lines: undefined });
    expect(tooSmall).toMatchObject({ status: 422, body: { errors: [{ pointer: '#/amount' }] } });
  });

  it('what is no notification of Stripe is refused without a word, and nothing is stored', async () => {
    const body = JSON.stringify({
      id: 'evt_forged',
      created: Math.floor(Date.now() / 1000),
      livemode: false,
      type: 'refund.failed',
      data: { object: { object: 'refund', payment_intent: 'pi_forged' } },
    });
    const send = (signature: string, sent = body) =>
      fetch(`http://127.0.0.1:${stack.base + 1}/webhooks/stripe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'stripe-signature': signature },
        body: sent,
      });
    const at = (seconds: number) => new Date(Date.now() + seconds * 1000);
    const large = `${body}${' '.repeat(256 * 1024)}`;
    const refused = [
      await send(''),
      await send(signatureHeader(body, 'whsec_other', at(0))),
      await send(signatureHeader(body, webhookSecret, at(-400))),
      await send(signatureHeader(body, webhookSecret, at(400))),
      await send(signatureHeader(body, webhookSecret, at(0)), `${body} `),
      await send(signatureHeader(large, webhookSecret, at(0)), large),
    ];
    expect(refused.map(({ status }) => status)).toEqual([400, 400, 400, 400, 400, 400]);
    for (const response of refused) expect(await response.json()).toEqual({});
    const unknown = body.replace('refund.failed', 'invoice.paid');
    expect((await send(signatureHeader(unknown, webhookSecret, at(0)), unknown)).status).toBe(200);
  });

  it('its description of payments has payment methods of Stripe', async () => {
    const response = await fetch(`http://127.0.0.1:${stack.base + 1}/openapi.json`);
    const { components } = (await response.json()) as Record<string, never>;
    expect(components).toMatchObject({
      schemas: {
        PaymentRequest: { properties: { paymentMethod: { pattern: expect.stringMatching('pm') } } },
      },
    });
  });

  it('money that moved at Stripe the day before, and is no payment’s, is a finding', async () => {
    const [movement] = fake().movements;
    if (!movement) throw new Error('Nothing has moved');
    const created = Math.floor(Date.now() / 1000) - 86_400;
    fake().movements.push({ ...movement, id: 'txn_foreign', created, source: 'ch_foreign' });
    await invoke(stack.base, 'payments', 'reconcile');
    await eventually(async () => {
      const { code, stdout } = await fanfold(['findings'], stack.base);
      expect([code, stdout]).toEqual([
        1,
        expect.stringMatching(/payments\.difference-found.*\n.*txn_foreign/),
      ]);
    });
  });

  it('tables that are put back to before a refund failed get it and its reversal back from what audit has', async () => {
    const tables = await Tables.of(stack.base);
    const documents = async () => {
      const { body } = await merchant.get(`/invoices?paymentId=${reversed}`);
      const { body: credited } = await merchant.get(`/credit-notes?paymentId=${reversed}`);
      return [...body.data, ...credited.data];
    };
    const shown = async () => {
      const { amountRefunded, refunds } = await payment(reversed);
      return { amountRefunded, refunds, documents: await documents() };
    };
    const before = await eventually(async () => {
      // The last of it is the PDF of the invoice that reverses.
      const [last] = await documents();
      expect(await typesOf(String(last?.id))).toEqual(['invoice.issued.v1', 'invoice.rendered.v1']);
      return shown();
    });
    expect(before).toMatchObject({
      amountRefunded: 0,
      refunds: [{ status: 'failed', reversalInvoiceNumber: expect.stringMatching(/^INV-/) }],
      documents: [{ reverses: expect.anything() }, {}, { reversedBy: expect.anything() }],
    });
    for (const service of ['billing', 'payments']) {
      expect(await fanfold(['stage', 'stop', '--service', service], stack.base)).toMatchObject({ code: 0 });
      const at = { S: new Date(Date.now() - 3_600_000).toISOString() };
      const items = kept.get(service) ?? [];
      await tables.replace(
        service,
        items.map((item) => (item.pk?.S === 'mark' ? { ...item, at } : item)),
      );
      expect(await shown()).not.toEqual(before);
      const restored = await fanfold(['restore', service, '--yes', '--json'], stack.base);
      expect(JSON.parse(restored.stdout)).toMatchObject({ proof: { holds: true, missing: 0 } });
      expect(await fanfold(['stage', 'start', '--service', service], stack.base)).toMatchObject({ code: 0 });
      expect(await shown()).toEqual(before);
    }
  }, 90_000);

  test('its key and the webhook’s secret are nowhere', async () => {
    const [webhooks, letters] = ['webhooks-events', 'webhooks-events-dead-letters'].map(
      (queue) => `fanfold-local-payments-${queue}`,
    );
    const wire = new Wire((await findStack(stack.base))?.endpoints.aws as string);
    await wire.send(webhooks as string, 'no notice');
    await eventually(async () => expect(await wire.depth(letters as string)).toBe(1));
    const { stdout: deadLetters } = await fanfold(['dlq', 'show', '--all', '--body', '--json'], stack.base);
    expect(deadLetters).toContain('no-notice');
    const events = JSON.stringify(await merchant.all('/events'));
    // It was packaged by dev with the same environment, which names the secret and has it.
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const { parameters } = paymentProviderOf(environment, stack.base);
    const folder = join(repository, 'services/payments');
    const template = JSON.stringify(await packageService(folder, 'local', parameters));
    vi.unstubAllEnvs();
    expect(template).toContain('STRIPE_SECRET_NAME');
    for (const text of [events, deadLetters, template, stack.output.join('\n')])
      expect(text).not.toContain('canary4242');
  });
});

test('with Stripe and no key, dev does not start and says what to do', async () => {
  const started = startDev(await freeBasePort(), {
    FANFOLD_PAYMENT_PROVIDER: 'stripe',
    FANFOLD_STRIPE_KEY: '',
  });
  await expect(started).rejects.toThrow('Stripe has no key: set FANFOLD_STRIPE_KEY');
});

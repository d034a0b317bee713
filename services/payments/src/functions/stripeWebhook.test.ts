import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { answerOf, apiRequest, contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureOutput } from '@fanfold/runtime/logFixtures';
import { signatureHeader } from '@fanfold/stripe-fake/signature';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { stripeAt } from '../providers/stripe/stripeFixtures.ts';
import { handler } from './stripeWebhook.ts';

const sqs = mockClient(SQSClient);
const { logged, measured } = captureOutput();
let stripe: ReturnType<typeof stripeAt>;
const tests = { begun: 0 };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  // Secrets that an earlier test read are old.
  tests.begun += 1;
  vi.setSystemTime(Date.parse('2026-11-30T12:00:00Z') + tests.begun * 3_600_000);
  stripe = stripeAt(new Date().toISOString());
  vi.stubEnv('WORK_QUEUE_URL', 'http://127.0.0.1/webhooks');
  sqs.reset();
  sqs.on(SendMessageCommand).resolves({});
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  stripe.secretsManager.restore();
});

const notification = (changes: object = {}) =>
  JSON.stringify({
    id: 'evt_1',
    object: 'event',
    created: Math.floor(Date.now() / 1000),
    livemode: false,
    type: 'refund.failed',
    data: { object: { object: 'refund', payment_intent: 'pi_1', reason: 'Ümlaut € and Ada Example' } },
    ...changes,
  });

async function send(body: string, { signature = signed(body), isBase64Encoded = false } = {}) {
  const event = apiRequest({
    method: 'POST',
    route: '/webhooks/stripe',
    headers: { 'stripe-signature': signature },
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded,
  });
  return answerOf(await handler(event, contextWith()));
}

const signed = (body: string, at = 0, secret = stripe.fake.webhookSecret) =>
  signatureHeader(body, secret, new Date(Date.now() + at * 1000));
const messages = () =>
  sqs.commandCalls(SendMessageCommand).map(({ args: [{ input }] }) => JSON.parse(input.MessageBody ?? ''));

test.each([false, true])(
  'a notification is stored as its id, type, time and payment (base64: %s)',
  async (isBase64Encoded) => {
    expect(await send(notification(), { isBase64Encoded })).toMatchObject({ status: 200, body: {} });
    expect(messages()).toEqual([
      { id: 'evt_1', type: 'refund.failed', time: new Date().toISOString(), reference: 'pi_1' },
    ]);
  },
);

test('what is not signed by a current secret, not now or too large is refused without a word, logged with its reason, counted, and not stored', async () => {
  const body = notification();
  const large = notification({ more: 'x'.repeat(256 * 1024) });
  const otherSecret = 'it was signed with none of the webhook secrets, or changed since';
  const notNow = 'it was signed more than 300 s from now';
  for (const [text, signature, reason] of [
    [body, '', 'it has no header stripe-signature'],
    [body, 'v1=00', 'its signature has no time'],
    [body, signed(body, 0, 'whsec_other'), otherSecret],
    [body, signed(body, -301), notNow],
    [body, signed(body, 301), notNow],
    [`${body} `, signed(body), otherSecret],
    [large, signed(large), 'it has more than 262144 bytes'],
    ['{', signed('{'), 'it is no JSON'],
  ] as const) {
    expect(await send(text, { signature })).toMatchObject({ status: 400, body: {} });
    expect(logged()).toContainEqual(
      expect.objectContaining({ level: 'WARN', message: 'webhook refused', reason }),
    );
  }
  expect(JSON.stringify(logged())).not.toMatch(/whsec|evt_1|Ada/);
  expect(messages()).toEqual([]);
  expect(measured()).toHaveLength(8);
  expect(measured()[0]).toMatchObject({ WebhooksRefused: 1 });
});

test('what says nothing of payments, or is of the other mode, is ignored and counted', async () => {
  const unknown = notification({ type: 'invoice.paid' });
  expect((await send(unknown)).status).toBe(200);
  expect((await send(notification({ livemode: true }))).status).toBe(200);
  expect(messages()).toEqual([]);
  expect(measured()).toMatchObject([{ WebhooksIgnored: 1 }, { WebhooksIgnored: 1 }]);
});

test('a secret that was rotated is found at once, and nothing of it is logged', async () => {
  await send(notification());
  vi.setSystemTime(Date.now() + 11_000);
  stripe.secret.webhookSecrets.unshift('whsec_rotated\n');
  const body = notification();
  expect(await send(body, { signature: signed(body, 0, 'whsec_rotated') })).toMatchObject({ status: 200 });
  expect(JSON.stringify(logged())).not.toMatch(/whsec|sk_test/);
});

test('one that cannot be stored is answered 500, so that Stripe sends it again', async () => {
  sqs.on(SendMessageCommand).rejects(new Error('away'));
  expect(await send(notification())).toMatchObject({ status: 500 });
});

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { PublishCommand, SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { Look } from '@fanfold/console/api';
import { accountId, clientConfiguration, region } from '@fanfold/local-cloud/account';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import type { Browser, BrowserContext, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { maxPictureBytes, pictureNames, takePictures } from '../scripts/pictures.ts';
import { openPage, startBrowser, violations } from './browser.ts';
import { accessToken, type Client, clientOf, twoChairs } from './client.ts';
import { type RunningStack, signLog, startDev } from './runningStack.ts';

/** The console, in a browser, on the stack that `pnpm dev` starts. */
let stack: RunningStack;
let browser: Browser;
/** Which the browser has opened with the address that dev printed. */
let opened: BrowserContext;
let address: string;
let client: Client;
let page: Page;
let complaints: string[];

const origin = () => `http://127.0.0.1:${stack.base}`;

beforeAll(async () => {
  [stack, browser] = await Promise.all([freeBasePort().then((base) => startDev(base)), startBrowser()]);
  [, address = ''] = /^ {2}console +(\S+)$/m.exec(stack.output.join('\n')) ?? [];
  client = await clientOf(stack.base, 'acme');
  opened = await browser.newContext({ colorScheme: 'light', viewport: { width: 1920, height: 1000 } });
  ({ page, complaints } = await openPage(opened, address, origin()));
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await stack?.stop();
});
afterEach(() => {
  // The browser itself reports a call that is refused, and the page says why.
  const isRefusal = (complaint: string) => /status of 4(00|04|09) /.test(complaint);
  expect(complaints.splice(0).filter((complaint) => !isRefusal(complaint))).toEqual([]);
});

const aws = () => clientConfiguration(`http://127.0.0.1:${stack.base + 4}`);
const topicArn = `arn:aws:sns:${region}:${accountId}:fanfold-local-events`;

const button = (name: string) => page.getByRole('button', { name, exact: true });
const row = (text: string) => page.locator('.events tbody tr', { hasText: text });
const queue = (service: string) =>
  page.getByRole('region', { name: `fanfold-local-${service}-events`, exact: true });
const waiting = (service: string, count: string) =>
  queue(service).locator('.counts div', { hasText: 'waiting' }).filter({ hasText: count }).waitFor();

/** What the page says of the button that was clicked last. */
const outcome = async (form: string): Promise<string> => {
  const status = page.getByRole('form', { name: form }).locator('[role=status].done');
  return (await status.textContent()) ?? '';
};

/** Does something to a call of the page, until the end of the test, however that ends. */
const intercept = async (name: string, handler: (route: Route) => Promise<void>) => {
  const url = `**/console/call/${name}`;
  await page.route(url, handler);
  onTestFinished(() => page.unroute(url, handler));
};

/** What the page's server answers to a call. */
const call = async <Answer>(name: string, asked: object) => {
  const token = new URL(address).hash.slice('#token='.length);
  const response = await fetch(`${origin()}/console/call/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  });
  return { status: response.status, answer: (await response.json()) as Answer };
};

/** Whether everybody can use what is shown: in a wide window in the light, in a narrow one in the dark. */
async function usable(page: Page): Promise<void> {
  for (const [colorScheme, width] of [
    ['light', 1920],
    ['dark', 360],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate('document.documentElement.scrollWidth'), `${width}`).toBe(width);
    expect(await violations(page), colorScheme).toEqual([]);
  }
  await page.setViewportSize({ width: 1920, height: 1000 });
}

describe('the flow', () => {
  it('is the first view of the address that dev prints first, within a second, and removes the token from the address', async () => {
    const urls = stack.output.filter((line) => /^ {2}\S.* http:/.test(line));
    expect(urls[0]).toContain(address);
    const before = performance.now();
    const other = await openPage(opened, address, origin());
    await other.page.getByRole('region', { name: 'The stage' }).waitFor();
    expect(performance.now() - before).toBeLessThan(1_000 * patience);
    expect(other.page.url()).toBe(`${origin()}/`);
    expect(other.complaints).toEqual([]);
    await other.page.close();
  });

  it('makes a payment, which is seen on its way and is one for the API', async () => {
    await button('Pay').click();
    expect(await outcome('Make a payment')).toBe('121.00 EUR: captured.');
    await row('payment.captured.v1').waitFor();
    await row('invoice.issued.v1').waitFor();
    const [payment] = (await client.get('/payments')).body.data;
    expect(payment).toMatchObject({ status: 'captured', amountCaptured: 12_100 });
    expect(await row('payment.captured.v1').textContent()).toContain(`${payment?.id}:1`);
  });

  it.each([
    ['Pay with a declined card', /^121\.00 EUR: The card was declined/, { status: 'failed' }],
    ['Pay, and the provider does not answer', /^121\.00 EUR: processing\.$/, { status: 'processing' }],
  ])('makes a payment that does not go well: %s', async (name, sentence, payment) => {
    await button(name).click();
    await vi.waitFor(async () => expect(await outcome('Make a payment')).toMatch(sentence), 20_000);
    expect((await client.get('/payments')).body.data[0]).toMatchObject(payment);
  });

  it('gives a part of a payment back, and says when there is none', async () => {
    await page.getByRole('form', { name: 'Make a payment' }).getByLabel('Merchant').fill('refunding');
    await button('Refund').click();
    const failed = page.locator('[role=status].failed');
    expect(await failed.textContent()).toContain('There is no captured payment to give something back of.');
    const other = await clientOf(stack.base, 'refunding');
    await other.post('/payments', twoChairs());
    await button('Refund').click();
    expect(await outcome('Make a payment')).toBe('40.00 EUR given back.');
    expect((await other.get('/payments')).body.data[0]).toMatchObject({ amountRefunded: 4_000 });
    await row('credit-note.issued.v1').waitFor();
  });

  it('takes no merchant that no token can have', async () => {
    await page.getByRole('form', { name: 'Make a payment' }).getByLabel('Merchant').fill('_operator');
    await button('Pay').click();
    const failed = page.locator('[role=status].failed');
    await failed.getByText('merchant: An id that begins with _ is reserved').waitFor();
    await page.getByRole('form', { name: 'Make a payment' }).getByLabel('Merchant').fill('acme');
  });

  it('shows the events that fit a filter, whose address opens the same, and stands still when it is paused', async () => {
    const filter = page.getByRole('form', { name: 'Filter' });
    await filter.getByLabel('Type').selectOption('payment.refunded.v1');
    await filter.getByLabel('Merchant').fill('refund');
    await vi.waitFor(async () => expect(await page.locator('.events tbody tr').count()).toBe(1));
    expect(page.url()).toBe(`${origin()}/?type=payment.refunded.v1&merchant=refund`);
    const other = await openPage(opened, page.url(), origin());
    await other.page.locator('.events tbody tr', { hasText: 'payment.refunded.v1' }).waitFor();
    expect(await other.page.getByRole('form', { name: 'Filter' }).getByLabel('Merchant').inputValue()).toBe(
      'refund',
    );
    await other.page.close();
    await page.goto(`${origin()}/`);

    await row('payment.captured.v1').first().waitFor();
    await button('Pause').click();
    const rows = await page.locator('.events tbody tr').count();
    await client.post('/payments', twoChairs());
    await page.getByText(/^Paused, \d since then\.$/).waitFor();
    expect(await page.locator('.events tbody tr').count()).toBe(rows);
    await button('Pause').click();
    await vi.waitFor(async () =>
      expect(await page.locator('.events tbody tr').count()).toBeGreaterThan(rows),
    );
  });

  it('shows the queue that a service fills by itself, who reads it and its dead letters', async () => {
    const rendering = queue('billing-renderer');
    await rendering.getByText('Work of the service itself.').waitFor();
    await rendering.getByRole('button', { name: 'Stop billing renderer', exact: true }).waitFor();
    expect(await rendering.locator('.dead li').allTextContents()).toEqual([
      expect.stringContaining('0 not handled'),
    ]);
    expect(await queue('billing').locator('.dead li').count()).toBe(3);
    expect(await queue('billing').getByText('renderer').count()).toBe(0);
  });

  it('stops a consumer, whose messages wait, and starts it again; audit has both orders', async () => {
    await button('Stop billing consumer').click();
    await button('Start billing consumer').waitFor();
    const { body } = await client.post('/payments', twoChairs({ orderId: 'while-billing-stands' }));
    await waiting('billing', '1');
    await queue('billing')
      .getByText(/^\d+ s$/)
      .waitFor();
    expect((await client.get(`/invoices?paymentId=${body.id}`)).body.data).toEqual([]);
    await button('Start billing consumer').click();
    await waiting('billing', '0');
    await vi.waitFor(
      async () => expect((await client.get(`/invoices?paymentId=${body.id}`)).body.data).toHaveLength(1),
      20_000,
    );
    const operator = await clientOf(stack.base, 'acme', ['operations:read']);
    await vi.waitFor(async () => {
      const orders = (await operator.all('/events')) as unknown as {
        data: { command: string; filters: object };
      }[];
      const filters = { service: 'billing', functionKey: 'consumer', kind: 'queue' };
      expect(orders.map(({ data: { command, filters } }) => ({ command, filters }))).toEqual([
        { command: 'stage stop', filters },
        { command: 'stage start', filters },
      ]);
    }, 20_000);
  });

  it('stops the stream of a table, and takes SNS away: what was accepted is published afterwards', async () => {
    for (const name of ['payments publisher', 'SNS']) {
      await button(`Stop ${name}`).click();
      await button(`Start ${name}`).waitFor();
      const orderId = `without-${name.split(' ')[0]}`;
      const { body } = await client.post('/payments', twoChairs({ orderId }));
      if (name === 'SNS') await page.getByText('SNS was taken away').waitFor();
      expect(await row(`${body.id}:1`).count()).toBe(0);
      await button(`Start ${name}`).click();
      await button(`Stop ${name}`).waitFor();
      await row(`${body.id}:1`).waitFor();
    }
  });

  it('shows a queue of somebody else that is subscribed, and what an event says as text', async () => {
    const sqs = new SQSClient({ ...aws(), useQueueUrlAsEndpoint: false });
    const sns = new SNSClient(aws());
    await sqs.send(new CreateQueueCommand({ QueueName: 'loyalty' }));
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint: `arn:aws:sqs:${region}:${accountId}:loyalty`,
        Attributes: { RawMessageDelivery: 'true', FilterPolicy: JSON.stringify({ type: ['a.b.v1'] }) },
      }),
    );
    await page.getByRole('heading', { name: 'loyalty' }).waitFor();
    await page.getByText('Subscribes to a.b.v1').waitFor();
    const markup = '<img/src=x/onerror=alert(1)>';
    const event = {
      id: `${markup}:1`,
      type: 'a.b.v1',
      source: '/elsewhere',
      subject: markup,
      merchantid: 'acme',
      time: new Date().toISOString(),
      correlationid: 'req_1',
    };
    await sns.send(
      new PublishCommand({
        TopicArn: topicArn,
        Message: JSON.stringify(event),
        MessageAttributes: { type: { DataType: 'String', StringValue: 'a.b.v1' } },
      }),
    );
    await row(`${markup}:1`).waitFor();
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await page.getByRole('heading', { name: 'loyalty' }).waitFor({ state: 'detached' });
  });
});

describe('dead letters', () => {
  const sqs = () => new SQSClient({ ...aws(), useQueueUrlAsEndpoint: false });
  const deadLetterQueue = 'fanfold-local-billing-events-dead-letters';
  const put = async (body: string, reason?: string) => {
    const { QueueUrl } = await sqs().send(new GetQueueUrlCommand({ QueueName: deadLetterQueue }));
    const { MessageId = '' } = await sqs().send(
      new SendMessageCommand({
        QueueUrl,
        MessageBody: body,
        ...(reason && {
          MessageAttributes: { 'quarantine-reason': { DataType: 'String', StringValue: reason } },
        }),
      }),
    );
    return MessageId;
  };
  /** An event that billing can handle, of a payment of its own. */
  const captured = async () => {
    const subject = `pay_${randomUUID().replaceAll('-', '')}`;
    const example = JSON.parse(
      await readFile(
        new URL('../packages/contracts/examples/payment.captured.v1.json', import.meta.url),
        'utf8',
      ),
    );
    const data = { ...example.data, paymentId: subject };
    return { ...example, id: `${subject}:1`, subject, sequence: '0000000001', merchantid: 'dead', data };
  };
  const orders = async () => {
    const operator = await clientOf(stack.base, 'acme', ['operations:read']);
    const events = (await operator.all('/events')) as unknown as {
      data: { command: string; reason: string | null; filters: object; total: number };
    }[];
    return events
      .filter(({ data }) => data.command.startsWith('dlq'))
      .map(({ data: { command, reason, filters, total } }) => ({ command, reason, filters, total }));
  };
  const redrives = async () => (await orders()).filter(({ command }) => command === 'dlq redrive');
  const group = (cause: string) => page.getByRole('row').filter({ hasText: cause });
  const operation = (text: RegExp) => page.locator('.operations li').filter({ hasText: text });
  const region = (name: string) => page.getByRole('region', { name, exact: true });

  it('are none when they have been discarded', async () => {
    // Audit has one of the event that it does not know.
    expect(
      await fanfold(['dlq', 'discard', '--all', '--reason', 'of another test'], stack.base),
    ).toMatchObject({ code: 0 });
    await page.getByRole('link', { name: 'Dead letters' }).click();
    await page.getByText(/There are no dead letters, as seen at/).waitFor();
    expect(page.url()).toBe(`${origin()}/dead-letters`);
  });

  it('are grouped by queue and cause, and one is shown with its body, its reason and what is wrong with it, as text', async () => {
    const event = await captured();
    event.data.amount = '<img src=x onerror=alert(1)>';
    const broken = await put(JSON.stringify(event), 'schema-violation');
    for (let i = 0; i < 12; i += 1) await put(`{ ${i}`, 'not-json');
    await button('Look again').click();
    await page.getByText(/\b13 dead letters, as seen at/).waitFor();
    expect(await group('not-json').textContent()).toMatch(
      /^\s*12\s.*fanfold-local-billing-events-dead-letters/s,
    );
    await page.getByRole('link', { name: 'schema-violation' }).click();
    await page.getByRole('link', { name: broken }).click();
    await page.getByText('/data/amount', { exact: true }).first().waitFor();
    expect(await region('Body').textContent()).toContain('"amount": "<img src=x onerror=alert(1)>"');
    expect(await page.locator('.message').textContent()).toContain('payment.captured.v1');
    const other = await openPage(opened, page.url(), origin());
    await other.page.getByRole('heading', { name: 'billing: schema-violation' }).waitFor();
    await other.page.close();
    await usable(page);
  });

  /** Payments of which billing has not heard: their messages were moved while it stood. */
  async function unheard(count: number): Promise<{ paymentId: string; messageId: string }[]> {
    const consumer = { service: 'billing', functionKey: 'consumer', kind: 'queue' };
    await call('switchTrigger', { ...consumer, on: false });
    const { QueueUrl } = await sqs().send(
      new GetQueueUrlCommand({ QueueName: 'fanfold-local-billing-events' }),
    );
    const paid = await Promise.all(
      Array.from({ length: count }, () => client.post('/payments', twoChairs())),
    );
    const moved: { paymentId: string; messageId: string }[] = [];
    while (moved.length < count) {
      const { Messages = [] } = await sqs().send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1 }),
      );
      for (const { Body = '', ReceiptHandle } of Messages) {
        const { subject } = JSON.parse(Body) as { subject: string };
        if (!paid.some(({ body }) => body.id === subject)) continue;
        moved.push({ paymentId: subject, messageId: await put(Body) });
        await sqs().send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      }
    }
    await call('switchTrigger', { ...consumer, on: true });
    return moved;
  }

  it('one is redriven by a click as by a command: its invoice is issued, and audit has the same', async () => {
    const [clicked, commanded] = await unheard(2);
    const message = clicked?.messageId ?? '';
    await page.goto(
      `${origin()}/dead-letters?${new URLSearchParams({ queue: deadLetterQueue, cause: 'received too often', message })}`,
    );
    await button('Redrive it').click();
    await operation(/1 of 1 redriven\./).waitFor();
    // Until it has looked again, nobody else sees them.
    await page.getByText(/\b14 dead letters, as seen at/).waitFor();
    expect(await fanfold(['dlq', 'redrive', commanded?.messageId ?? ''], stack.base)).toMatchObject({
      code: 0,
    });
    for (const each of [clicked, commanded]) {
      await vi.waitFor(
        async () =>
          expect((await client.get(`/invoices?paymentId=${each?.paymentId}`)).body.data).toHaveLength(1),
        20_000,
      );
    }
    await vi.waitFor(async () => expect(await redrives()).toHaveLength(2), 20_000);
    const [first, second] = await redrives();
    expect(first).toEqual(second);
    expect(first).toEqual({ command: 'dlq redrive', reason: null, filters: {}, total: 1 });
  });

  it('of a group, first one is redriven and then ten times as many, never what nobody has seen, and nothing twice', async () => {
    await page.goto(`${origin()}/dead-letters?queue=${deadLetterQueue}&cause=not-json`);
    await page.getByRole('heading', { name: 'billing: not-json' }).waitFor();
    await put('{ came later', 'not-json');
    await button('Redrive 1 of 12').click();
    await operation(/the 1 oldest of .*not-json:\s+1 of 1 redriven\./).waitFor();
    // It is no JSON still, so it comes back.
    await page.getByRole('button', { name: /^Redrive 10 of 1[23]$/ }).waitFor();
    const { lookId, group } = await vi.waitFor(async () => {
      const { answer } = await call<Look>('lookAtDeadLetters', {});
      const group = answer.groups.findIndex(({ cause }) => cause === 'not-json');
      expect(answer.groups[group]?.count).toBe(13);
      return { lookId: answer.lookId, group };
    }, 20_000);
    await put('{ came after the look', 'not-json');
    const asked = {
      lookId,
      chosen: { group },
      action: { verb: 'discard', reason: 'not ours' },
      count: null,
      ratePerSecond: 1000,
    };
    const twice = await Promise.all([call('actOnDeadLetters', asked), call('actOnDeadLetters', asked)]);
    expect(twice.map(({ status }) => status).sort()).toEqual([200, 409]);
    await operation(/not-json:\s+13 of 13 discarded\./).waitFor();
    // When it is done, there is nothing left of what was seen then.
    await vi.waitFor(async () => expect((await call('actOnDeadLetters', asked)).status).toBe(200), 10_000);
    await operation(/Nothing was done: none of these dead letters is there any more\./).waitFor();
    await vi.waitFor(
      async () =>
        expect((await orders()).filter(({ reason }) => reason === 'not ours')).toEqual([
          {
            command: 'dlq discard',
            reason: 'not ours',
            filters: { queue: deadLetterQueue, cause: 'not-json' },
            total: 13,
          },
        ]),
      20_000,
    );
    await button('Look again').click();
    await page.getByText(/\b2 dead letters, as seen at/).waitFor();
  });

  it('are discarded for good only with a reason', async () => {
    await page.goto(`${origin()}/dead-letters`);
    const form = page.getByRole('form', { name: 'What to do with all' });
    await form.getByLabel('Oldest').fill('2');
    const discard = form.getByRole('button', { name: 'Discard 2 of 2 for good' });
    expect(await discard.isDisabled()).toBe(true);
    await form.getByLabel('Reason to discard').fill('They were tests');
    await discard.click();
    await page.getByText(/There are no dead letters, as seen at/).waitFor();
    await vi.waitFor(
      async () =>
        expect((await orders()).at(-1)).toMatchObject({
          command: 'dlq discard',
          reason: 'They were tests',
          total: 2,
        }),
      20_000,
    );
    await page.goto(`${origin()}/`);
  });

  it('one is edited beside its schema, validated as it is typed, and becomes an invoice; audit keeps what was changed, and erases it', async () => {
    const right = await captured();
    const wrong = JSON.stringify({ ...right, data: { ...right.data, currency: 'EURO' } });
    const message = await put(wrong, 'schema-violation');
    await page.goto(
      `${origin()}/dead-letters?${new URLSearchParams({ queue: deadLetterQueue, cause: 'schema-violation', message })}`,
    );
    await page.getByText('Edit and retry', { exact: true }).click();
    const form = page.getByRole('form', { name: 'Edit and retry' });
    const send = form.getByRole('button', { name: 'Send it instead of the original' });
    await form.getByLabel('Reason to edit').fill('EURO is no currency');
    const said = form.getByRole('status', { name: 'What is wrong with it' });
    await said.getByText('/data/currency').waitFor();
    await form
      .getByRole('region', { name: 'What such an event has' })
      .getByText('ISO 4217')
      .first()
      .waitFor();
    const body = form.getByLabel('Edited body');
    await body.fill(`${JSON.stringify(right).slice(0, -1)}`);
    await said.getByText('It is not JSON').waitFor();
    await body.fill(JSON.stringify({ ...right, id: 'pay_other:1', subject: 'pay_other' }));
    await said.getByText(`It has to stay ${right.id}`).waitFor();
    expect(await send.isDisabled()).toBe(true);
    await body.fill(JSON.stringify(right, null, 2));
    await said.getByText('It is such an event.').waitFor();
    expect(await violations(page)).toEqual([]);
    await send.dblclick();
    await operation(/1 of 1 sent with another body\./).waitFor();
    const dead = await clientOf(stack.base, 'dead');
    const invoices = () => dead.get(`/invoices?paymentId=${right.subject}`);
    await vi.waitFor(async () => expect((await invoices()).body.data).toHaveLength(1), 20_000);
    await vi.waitFor(
      async () =>
        expect((await orders()).filter(({ command }) => command === 'dlq edit')).toEqual([
          { command: 'dlq edit', reason: 'EURO is no currency', filters: {}, total: 1 },
        ]),
      20_000,
    );
    const edits = async () => (await dead.get('/events?type=dead-letter.edited.v1')).body.data;
    await vi.waitFor(
      async () =>
        expect(await edits()).toMatchObject([
          {
            data: {
              original: wrong,
              edited: JSON.stringify(right),
              messageId: message,
              queue: deadLetterQueue,
            },
          },
        ]),
      20_000,
    );
    const erased = await fanfold(
      ['audit', 'erase', right.subject, '--merchant', 'dead', '--yes'],
      stack.base,
    );
    expect(erased).toMatchObject({ code: 0 });
    await vi.waitFor(async () => expect(await edits()).toMatchObject([{ erased: true, data: null }]), 20_000);
  });

  it('one is put aside with a reason, out of the way of all others, and restored', async () => {
    const message = await put('{ for Monday', 'not-json');
    await page.goto(
      `${origin()}/dead-letters?${new URLSearchParams({ queue: deadLetterQueue, cause: 'not-json', message })}`,
    );
    const form = page.getByRole('form', { name: 'What to do with it' });
    await form.getByLabel('Reason to discard or put aside').fill('wait for Monday');
    await form.getByRole('button', { name: 'Put it aside' }).click();
    await operation(/1 of 1 put aside\./).waitFor();
    await page.goto(`${origin()}/dead-letters`);
    await page.getByRole('row').filter({ hasText: 'not-json, put aside' }).getByRole('link').click();
    await page.getByRole('heading', { name: 'billing: not-json, put aside' }).waitFor();
    await page.getByText('wait for Monday').first().waitFor();
    await button('Restore 1 of 1').click();
    await operation(/1 of 1 restored\./).waitFor();
    const restored = await fanfold(['dlq', 'show', message, '--json'], stack.base);
    const [{ messageId }] = JSON.parse(restored.stdout).deadLetters;
    expect(
      await fanfold(['dlq', 'discard', messageId, '--reason', 'it was a test'], stack.base),
    ).toMatchObject({ code: 0 });
  });

  it('thousands are listed and grouped without the page standing still', async () => {
    const { QueueUrl } = await sqs().send(new GetQueueUrlCommand({ QueueName: deadLetterQueue }));
    const attributes = { 'quarantine-reason': { DataType: 'String', StringValue: 'too-many' } };
    const batch = (n: number) =>
      sqs().send(
        new SendMessageBatchCommand({
          QueueUrl,
          Entries: Array.from({ length: 10 }, (_, i) => ({
            Id: String(i),
            MessageBody: `{"n":${n * 10 + i}}`,
            MessageAttributes: attributes,
          })),
        }),
      );
    for (let n = 0; n < many / 10; n += 50) {
      await Promise.all(Array.from({ length: Math.min(50, many / 10 - n) }, (_, i) => batch(n + i)));
    }
    await page.goto(`${origin()}/dead-letters?queue=${deadLetterQueue}&cause=too-many`);
    await page.getByRole('heading', { name: 'billing: too-many' }).waitFor({ timeout: 60_000 });
    await page.evaluate(
      'window.longest = 0; new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.longest = Math.max(window.longest, duration); }).observe({ entryTypes: ["longtask"] })',
    );
    const rows = region('Messages, the oldest first');
    expect(await rows.getByRole('row').count()).toBeLessThan(60);
    const texts = new Set<string>();
    for (const share of [0, 0.3, 0.6, 1]) {
      await rows.evaluate((element, at) => {
        element.scrollTop = element.scrollHeight * at;
      }, share);
      await vi.waitFor(async () => {
        const shown = await rows.locator('tbody code').allTextContents();
        expect(shown.filter(Boolean).length).toBeGreaterThan(10);
        expect(texts.has(shown[0] ?? '')).toBe(false);
        texts.add(shown[0] ?? '');
      }, 10_000);
    }
    expect(await page.evaluate('window.longest')).toBeLessThan(200 * patience);
    await sqs().send(new PurgeQueueCommand({ QueueUrl }));
    await page.goto(`${origin()}/`);
    // From now on it is told what happens.
    await page.locator('.events tbody tr').first().waitFor();
  }, 120_000);
});

describe('the trace', () => {
  const whatFollows = ['payment.captured.v1', 'invoice.issued.v1', 'invoice.rendered.v1'];
  const summaries = async () => page.locator('.flow summary strong').allTextContents();

  it('of an event is one click away, and shows what followed from what, with each content', async () => {
    const { body } = await client.post('/payments', twoChairs({ orderId: 'order-traced' }));
    await row(`${body.id}:1`).waitFor();
    await vi.waitFor(async () => {
      const [invoice] = (await client.get(`/invoices?paymentId=${body.id}`)).body.data;
      expect((await client.get(`/events?subject=${invoice?.id}`)).body.data).toHaveLength(2);
    }, 20_000);
    await page.getByRole('link', { name: `${body.id}:1` }).click();
    await page.getByRole('heading', { level: 2 }).first().waitFor();
    expect(page.url()).toBe(`${origin()}/trace?id=${body.id}%3A1&merchant=acme`);
    expect(await summaries()).toEqual(whatFollows);
    expect(await page.locator('.flow').textContent()).toMatch(/121\.00 EUR\s+payments, 0 ms after the start/);
    await page.locator('.flow summary').first().click();
    await page
      .getByRole('region', { name: `Event ${body.id}:1` })
      .getByText('"orderId": "order-traced"')
      .waitFor();
    await page.evaluate('for (const each of document.querySelectorAll("details")) each.open = true');
    await usable(page);
  });

  it('is found by an order, a number and a request, and says when there is none, or what cannot be one', async () => {
    const search = page.getByRole('search');
    const [invoice] = (await client.get('/invoices?orderId=order-traced')).body.data;
    const [heading = ''] = await page.getByRole('heading', { level: 2 }).allTextContents();
    for (const id of ['order-traced', invoice?.number ?? '', heading.trim()]) {
      await search.getByLabel('Id of').fill(id);
      await search.getByRole('button').click();
      await vi.waitFor(() => expect(new URL(page.url()).searchParams.get('id')).toBe(id));
      await vi.waitFor(async () => expect(await summaries()).toEqual(whatFollows), 10_000);
    }
    await search.getByLabel('Id of').fill('nothing');
    await search.getByRole('button').click();
    await page.getByText(/^Nothing is recorded of nothing for the merchant acme/).waitFor();
    await search.getByLabel('Merchant').fill('no merchant');
    await search.getByRole('button').click();
    await page.getByText('merchant: It has 1 to 64 letters, digits, _ or -.').waitFor();
  });

  it('of the message id of a dead letter says where it lies and why, and shows the flow of its event', async () => {
    const sqs = new SQSClient({ ...aws(), useQueueUrlAsEndpoint: false });
    const { QueueUrl } = await sqs.send(
      new GetQueueUrlCommand({ QueueName: 'fanfold-local-billing-events-dead-letters' }),
    );
    const [event] = (await client.get('/events?type=payment.captured.v1&limit=1')).body.data;
    const send = async (MessageBody: string) =>
      (await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))).MessageId;
    const ids = await Promise.all([send(JSON.stringify({ ...event, merchantid: 'acme' })), send('no event')]);
    for (const [i, said] of [`It is the event ${event?.id}.`, 'It is no event.'].entries()) {
      await page.goto(`${origin()}/trace?id=${ids[i]}`);
      await page.getByText(/That is a dead letter in fanfold-local-billing-events-dead-letters/).waitFor();
      expect(await page.getByRole('main').textContent()).toContain(said);
      expect(await page.locator('.flow').count()).toBe(i === 0 ? 1 : 0);
    }
    const { code } = await fanfold(['dlq', 'discard', '--all', '--reason', 'of a test'], stack.base);
    expect(code).toBe(0);
  });

  it('of what was erased says that and when', async () => {
    const [payment] = (await client.get('/payments?limit=1')).body.data;
    expect(
      await fanfold(['audit', 'erase', payment?.id ?? '', '--reason', 'a test', '--yes'], stack.base),
    ).toMatchObject({
      code: 0,
    });
    await page.goto(`${origin()}/trace?id=${payment?.id}`);
    await vi.waitFor(async () => {
      await page.reload();
      await page.getByText(/Erased at .*: nobody can read the content/).waitFor({ timeout: 2_000 });
    }, 20_000);
    await page.goto(`${origin()}/`);
  });
});

describe('a proof', () => {
  // Whatever was recorded before: a path of some hashes.
  beforeAll(async () => {
    for (let i = 0; i < 2; i += 1) await client.post('/payments', twoChairs());
    await vi.waitFor(async () => {
      const { body } = await client.get('/events?limit=5');
      expect(body.data.length).toBe(5);
    }, 20_000);
    await signLog(stack);
  });

  const picture = () => page.getByRole('img', { name: /^Entry \d+ is under the root by \d+ hashes/ });
  const verdict = () => page.getByRole('form', { name: 'Verify' }).getByRole('status').last();
  const broken = () => picture().locator('g.broken');
  const event = async () => {
    const { body } = await client.get('/events?limit=1');
    return body.data[0] as unknown as { id: string; position: number };
  };

  it('of an event is drawn as the path to the root, and the page itself verifies it and names who signed', async () => {
    const { id, position } = await event();
    await page.getByRole('link', { name: 'Proof', exact: true }).click();
    const form = page.getByRole('form', { name: 'Event' });
    await form.getByLabel('Merchant').fill('acme');
    await form.getByLabel('Event').fill(id);
    await form.getByRole('button').click();
    await picture().waitFor();
    expect(page.url()).toBe(`${origin()}/proof?${new URLSearchParams({ merchant: 'acme', event: id })}`);
    expect(await picture().getAttribute('aria-label')).toContain(`Entry ${position} is`);
    await button('Verify').click();
    await vi.waitFor(
      async () =>
        expect(await verdict().textContent()).toBe(
          `Verified: this event, to the letter, is entry ${position} of the log.`,
        ),
      10_000,
    );
    expect(await picture().locator('g').count()).toBe(await picture().locator('g.right').count());
    await page
      .getByText(/^Cosigned by the witness/)
      .first()
      .waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1920, 360]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${width}`).toBe(width);
        expect(await violations(page), `${colorScheme}, ${width}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 1920, height: 1000 });
  });

  it('fails when a byte is changed in the page, and the node is named where it breaks', async () => {
    const parts = await page.getByRole('form', { name: 'Verify' }).locator('option').allTextContents();
    expect(parts).toEqual([
      'the event',
      'the entry',
      ...parts.filter((part) => /^hash \d+$/.test(part)),
      'the root',
      'the signature',
    ]);
    for (const part of parts) {
      await page.getByLabel('To see that it is found out').selectOption(part);
      await button('Change a byte').click();
      await button('Verify').click();
      const name = { 'the event': 'the entry', 'the signature': 'the root' }[part] ?? part;
      await page.getByText(new RegExp(`Not verified: .* It breaks at ${name}\\.$`)).waitFor();
      expect(await broken().count(), part).toBe(1);
      expect((await broken().textContent())?.toLowerCase(), part).toContain(name.replace('the ', ''));
    }
    await button('As it was served').click();
    await button('Verify').click();
    await page.getByText(/^Verified: this event/).waitFor();
  });

  it('that is manipulated on its way to the page fails in the browser, at the hash that was changed', async () => {
    await intercept('proof', async (route) => {
      const { file } = (await (await route.fetch()).json()) as { file: string };
      const lines = file.split('\n');
      const bytes = Buffer.from(lines[4] ?? '', 'base64');
      bytes[31] = (bytes[31] ?? 0) ^ 0x80;
      await route.fulfill({ json: { file: lines.with(4, bytes.toString('base64')).join('\n') } });
    });
    await button('Get its proof').click();
    await button('Verify').click();
    await page.getByText(/Not verified: .* It breaks at hash 2\.$/).waitFor();
    expect(await broken().textContent()).toContain('Hash 2');
  });

  it('of another event than was asked for is not verified, however valid it is', async () => {
    const { body } = await client.get('/events?limit=2');
    const [other, asked] = body.data as unknown as { id: string }[];
    await intercept('proof', (route) =>
      route.continue({ postData: JSON.stringify({ merchant: 'acme', event: other?.id }) }),
    );
    await page.goto(`${origin()}/proof?${new URLSearchParams({ merchant: 'acme', event: asked?.id ?? '' })}`);
    await button('Verify').click();
    await page
      .getByText(`Not verified: event: it is ${other?.id} of acme, and ${asked?.id} of acme was asked for.`)
      .waitFor();
  });

  it('that comes late is not shown for the event that was asked for since', async () => {
    const { body } = await client.get('/events?limit=2');
    const [late, asked] = body.data as unknown as { id: string; position: number }[];
    const form = page.getByRole('form', { name: 'Event' });
    const [released, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await page.goto(`${origin()}/proof`);
    await intercept('proof', async (route) => {
      const isLate = route.request().postDataJSON().event === late?.id;
      if (isLate) await released.promise;
      await route.continue();
      if (isLate) answered.resolve();
    });
    await form.getByLabel('Merchant').fill('acme');
    await form.getByLabel('Event').fill(late?.id ?? '');
    const lateAnswer = page.waitForResponse((response) =>
      Boolean(response.request().postData()?.includes(`${late?.id}`)),
    );
    await form.getByRole('button').click();
    await page.waitForURL(/event=/);
    // What is typed stays, also where frames are late.
    await page.evaluate('requestAnimationFrame = (show) => setTimeout(show, 300)');
    await page.getByRole('link', { name: 'Proof', exact: true }).click();
    await form.getByLabel('Merchant').fill('acme');
    await form.getByLabel('Event').fill(asked?.id ?? '');
    await form.getByRole('button').click();
    await page.getByRole('heading', { name: asked?.id ?? '' }).waitFor();
    released.resolve();
    await answered.promise;
    await (await lateAnswer).finished();
    await button('Verify').click();
    await page
      .getByText(`Verified: this event, to the letter, is entry ${asked?.position} of the log.`)
      .waitFor();
  });

  it('has no verdict on bytes that were changed while it was verified', async () => {
    const { id } = await event();
    const released = Promise.withResolvers<void>();
    await intercept('logKeys', async (route) => {
      await released.promise;
      await route.continue();
    });
    await page.goto(`${origin()}/proof?${new URLSearchParams({ merchant: 'acme', event: id })}`);
    await button('Verify').click();
    await button('Change a byte').click();
    await page.getByText('A byte of the event was changed here.').waitFor();
    released.resolve();
    await page.getByRole('region', { name: 'Checkpoints' }).waitFor();
    expect(await page.getByRole('form', { name: 'Verify' }).textContent()).not.toContain('erified:');
    expect(await page.locator('dl.facts').count()).toBe(0);
  });

  it('is not there for what is not recorded, or of another merchant, and the page says so', async () => {
    const { id } = await event();
    for (const address of [`merchant=acme&event=pay_none:1`, `merchant=stranger&event=${id}`]) {
      await page.goto(`${origin()}/proof?${address}`);
      await page.getByText(/^No event .* is recorded for the merchant/).waitFor();
    }
  });

  it('stands beside the log: its checkpoints, who cosigned them, and how it grew', async () => {
    const log = page.getByRole('region', { name: 'The log' });
    const size = async () =>
      Number(/has ([\d,]+) entries/.exec((await log.textContent()) ?? '')?.[1]?.replaceAll(',', ''));
    await log.getByRole('img').waitFor();
    const before = await size();
    await client.post('/payments', twoChairs());
    await vi.waitFor(async () => {
      await signLog(stack);
      await button('Look at its checkpoint again').click();
      expect(await size()).toBeGreaterThan(before);
    }, 20_000);
    expect(
      await page.getByRole('region', { name: 'Checkpoints' }).locator('tbody tr').count(),
    ).toBeGreaterThan(1);
    expect(await log.getByRole('img').getAttribute('aria-label')).toBe(
      `From 1 to ${(await size()).toLocaleString('en')} entries`,
    );
    await page.goto(`${origin()}/`);
  });
});

describe('findings', () => {
  it('are what the command prints, with what to do, of a merchant and a day that the address names', async () => {
    const example = JSON.parse(
      await readFile(
        new URL('../packages/contracts/examples/audit.gap-found.v1.json', import.meta.url),
        'utf8',
      ),
    );
    const sqs = new SQSClient({ ...aws(), useQueueUrlAsEndpoint: false });
    const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'fanfold-local-audit-events' }));
    const time = new Date().toISOString();
    const event = { ...example, merchantid: 'gapped', time };
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: JSON.stringify(event) }));
    const found = await vi.waitFor(async () => {
      const printed = await fanfold(['findings', '--merchant', 'gapped'], stack.base);
      expect(printed.code).toBe(1);
      return printed.stdout;
    }, 20_000);
    await page.getByRole('link', { name: 'Findings' }).click();
    const form = page.getByRole('form', { name: 'Which findings' });
    await form.getByLabel('Merchant').fill('gapped');
    await form.getByRole('button').click();
    const finding = page.locator('.finding');
    await finding.waitFor();
    expect(new URL(page.url()).search).toBe('?merchant=gapped');
    const said = (await finding.locator('h2, p').allTextContents()).map((line) => line.trim());
    const lines = found
      .replaceAll('`', '')
      .split('\n')
      .map((line) => line.trim());
    expect(lines.slice(0, said.length)).toEqual(said);
    expect(said.at(-1)).toContain(`fanfold republish --date ${example.data.date} --merchant gapped`);
    expect(await violations(page)).toEqual([]);
    await page.goto(`${origin()}/findings?date=2999-01-01&merchant=gapped`);
    await page
      .getByText(/2999-01-01/)
      .last()
      .waitFor();
    expect(await page.locator('[role=status].failed').textContent()).toContain('2999-01-01');
    await page.goto(`${origin()}/`);
  });
});

describe('a payment', () => {
  const bytesOf = async (path: string): Promise<Buffer> => {
    const headers = { authorization: `Bearer ${await accessToken(stack.base, 'acme')}` };
    const response = await fetch(`http://127.0.0.1:${stack.base + 2}${path}`, { headers });
    return Buffer.from(await response.arrayBuffer());
  };
  const shownBytes = async (): Promise<Buffer> => {
    const link = page.locator('section[aria-labelledby=documents] a[download$=".pdf"]');
    return (await page.request.get(`${origin()}${await link.getAttribute('href')}`)).body();
  };
  const documents = () => page.getByRole('region', { name: 'Documents' });

  it('is found by its order, with its state, its history, and its invoice and credit note as the customer gets them', async () => {
    const { body } = await client.post('/payments', twoChairs({ orderId: 'order-shown' }));
    await client.post(`/payments/${body.id}/refunds`, { amount: 4_000, reason: 'one chair is scratched' });
    await row('credit-note.rendered.v1').filter({ hasText: 'acme' }).first().waitFor();
    await page.goto(`${origin()}/payment?id=order-shown`);
    await page.getByRole('heading', { name: '121.00 EUR, captured' }).waitFor();
    await page.getByRole('img', { name: 'The states of a payment; this one is captured' }).waitFor();
    expect(await page.locator('.states .current').allTextContents()).toEqual([
      expect.stringMatching(/^\s*captured\s*$/),
    ]);
    expect(await page.getByRole('region', { name: 'State' }).textContent()).toMatch(/Refunded\s*40\.00 EUR/);
    const history = await page.getByRole('region', { name: 'History' }).locator('li').allTextContents();
    expect(history.map((text) => text.replace(/\s+/g, ' '))).toEqual([
      expect.stringMatching(/asked for: 121\.00 EUR/),
      expect.stringMatching(/payment\.captured\.v1 121\.00 EUR pay_\w+:1/),
      expect.stringMatching(/payment\.refunded\.v1 40\.00 EUR pay_\w+:2/),
    ]);
    const [invoice] = (await client.get('/invoices?orderId=order-shown')).body.data;
    await documents()
      .getByRole('link', { name: `${invoice?.number}.pdf` })
      .waitFor();
    const file = await shownBytes();
    expect(file.subarray(0, 5).toString()).toBe('%PDF-');
    expect(file.equals(await bytesOf(`/invoices/${invoice?.id}/pdf`))).toBe(true);

    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      documents().getByRole('button', { name: 'UBL en16931' }).click(),
    ]);
    expect(saved.suggestedFilename()).toBe(`${invoice?.number}.ubl.xml`);
    expect((await readFile(await saved.path())).equals(await bytesOf(`/invoices/${invoice?.id}/ubl`))).toBe(
      true,
    );

    const [creditNote] = (await client.get(`/credit-notes?paymentId=${body.id}`)).body.data;
    await documents()
      .getByRole('link', { name: creditNote?.number ?? '', exact: true })
      .click();
    await documents()
      .getByRole('link', { name: `${creditNote?.number}.pdf` })
      .waitFor();
    expect(new URL(page.url()).searchParams.get('document')).toBe(creditNote?.number);
    expect((await shownBytes()).equals(await bytesOf(`/credit-notes/${creditNote?.id}/pdf`))).toBe(true);
    await usable(page);
  });

  it('has its PDF in a frame of the same origin, where the browser shows PDFs', async () => {
    const other = await openPage(opened, 'about:blank', origin());
    await other.page.addInitScript(
      'Object.defineProperty(navigator, "pdfViewerEnabled", { get: () => true })',
    );
    // This browser shows none, and saves what a frame would show.
    const [framed] = await Promise.all([
      other.page.waitForEvent('download'),
      other.page.goto(`${origin()}/payment?id=order-shown`),
    ]);
    expect(framed.url()).toMatch(new RegExp(`^${origin()}/console/file/`));
    const [invoice] = (await client.get('/invoices?orderId=order-shown')).body.data;
    await other.page.locator(`iframe[title^="${invoice?.number}"]`).waitFor();
    expect(other.complaints.filter((text) => /Content Security Policy/.test(text))).toEqual([]);
    await other.page.close();
  });

  it('says that its PDF is being made, and shows it when it is there', async () => {
    const renderer = { service: 'billing', functionKey: 'renderer', kind: 'queue' };
    await call('switchTrigger', { ...renderer, on: false });
    const { body } = await client.post('/payments', twoChairs({ orderId: 'order-unrendered' }));
    await vi.waitFor(
      async () => expect((await client.get(`/invoices?paymentId=${body.id}`)).body.data).toHaveLength(1),
      20_000,
    );
    await page.goto(`${origin()}/payment?id=${body.id}`);
    await documents()
      .getByText(/^The PDF of INV-\d{4}-\d{6} is being made\./)
      .waitFor();
    await call('switchTrigger', { ...renderer, on: true });
    await documents()
      .getByRole('link', { name: /\.pdf$/ })
      .waitFor();
    expect((await shownBytes()).subarray(0, 5).toString()).toBe('%PDF-');
  });

  it("that failed has no invoice, and one that is nobody's is told from one that is there", async () => {
    const declined = await client.post('/payments', twoChairs({ paymentMethod: 'pm_card_declined' }));
    const { paymentId } = declined.body as unknown as { paymentId: string };
    const search = page.getByRole('search');
    await search.getByLabel('Id of').fill(paymentId);
    await search.getByRole('button').click();
    await page.getByRole('img', { name: 'The states of a payment; this one is failed' }).waitFor();
    await page.getByText('There is no invoice. One is issued when it is captured.').waitFor();
    await search.getByLabel('Merchant').fill('another');
    await search.getByRole('button').click();
    await page
      .getByText(`The merchant another has no payment ${paymentId} in local. Check both ids.`)
      .waitFor();
    await page.goto(`${origin()}/payment`);
    await page
      .getByText('Payments are listed here as their events are seen.')
      .or(page.locator('.plain a'))
      .first()
      .waitFor();
    await page.goto(`${origin()}/`);
  });
});

describe('everybody', () => {
  it('can use it, in the light and in the dark, in a wide window and in a narrow one', async () => {
    await page.getByRole('heading', { level: 1 }).waitFor();
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1920, 360]) {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width, height: 800 });
        expect(await page.evaluate('document.documentElement.scrollWidth'), `${width}`).toBe(width);
        expect(await violations(page), `${colorScheme}, ${width}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 1920, height: 1000 });
  });
});

describe('the pictures in README.md', () => {
  it('can be taken anew, and are small', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fanfold-pictures-'));
    await takePictures(browser, stack, folder);
    for (const name of pictureNames) {
      const picture = await readFile(join(folder, name));
      expect(picture.subarray(1, 4).toString(), name).toBe('PNG');
      expect(picture.length, name).toBeLessThan(maxPictureBytes);
      expect((await stat(new URL(`../docs/${name}`, import.meta.url))).size).toBeLessThan(maxPictureBytes);
    }
    await rm(folder, { recursive: true });
  }, 60_000);
});

describe('nobody else', () => {
  const token = () => new URL(address).hash.slice('#token='.length);

  /** Asks as a browser would for a page of another site, which fetch does not let us. */
  async function ask(
    path: string,
    headers: Record<string, string>,
    method = 'GET',
  ): Promise<IncomingMessage> {
    const asking = request({ host: '127.0.0.1', port: stack.base, path, method, headers, agent: false });
    asking.end(method === 'POST' ? '{}' : '');
    const [answered] = (await once(asking, 'response')) as [IncomingMessage];
    answered.destroy();
    return answered;
  }

  it.each<[whose: string, path: string, headers: () => Record<string, string>, status: number]>([
    ['the page', '/console/call/place', () => ({ authorization: `Bearer ${token()}` }), 200],
    ['another host, which DNS points here', '/', () => ({ host: 'example.com', accept: 'text/html' }), 403],
    [
      'another host that has the token',
      '/console/call/place',
      () => ({ host: 'example.com', authorization: `Bearer ${token()}` }),
      403,
    ],
    [
      'another origin',
      '/console/call/place',
      () => ({ origin: 'https://example.com', authorization: `Bearer ${token()}` }),
      403,
    ],
    [
      'another port of this machine',
      '/console/live',
      () => ({ origin: 'http://127.0.0.1:1', authorization: `Bearer ${token()}` }),
      403,
    ],
    ['somebody without the token', '/console/call/place', () => ({}), 401],
    ['somebody with another token', '/console/live', () => ({ authorization: 'Bearer guessed' }), 401],
  ])('is answered: %s', async (_, path, headers, status) => {
    const method = path.startsWith('/console/call') ? 'POST' : 'GET';
    const answered = await ask(path, { 'content-type': 'application/json', ...headers() }, method);
    expect(answered.statusCode).toBe(status);
    expect(answered.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is shown more than how to open it', async () => {
    const stranger = await browser.newContext();
    const shown = await openPage(stranger, `${origin()}/`, origin());
    await shown.page.getByText('Open the address again that the console printed when it started.').waitFor();
    expect(await shown.page.getByRole('region', { name: 'The stage' }).count()).toBe(0);
    await stranger.close();
  });

  it('is in the way of tools, which find the stack at an address of its own; the page is for everybody', async () => {
    expect(await (await fetch(`${origin()}/stack`)).json()).toMatchObject({ name: 'fanfold' });
    const page = await fetch(`${origin()}/`);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
  });
});

/** A machine that does other things as well, such as other tests, is slower than the one that the goal is for. */
const patience = Math.max(3, ...loadavg());

/** Of 10,000, as many as a look takes of a queue, the time is in docs/performance.md. */
const many = 2_000;

/** Takes the pictures of the console that README.md shows: `node scripts/pictures.ts`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import type { Browser, Page } from 'playwright-core';
import { startBrowser } from '../tests/browser.ts';
import { type RunningStack, startDev } from '../tests/runningStack.ts';

/** Larger ones would make a clone slow for the sake of a picture. */
export const maxPictureBytes = 120_000;

export const pictureNames = ['console-flow.png', 'console-trace.png', 'console-dead-letters.png'] as const;

/** Has things happen in a stack, and takes pictures of three views into a folder. */
export async function takePictures(
  browser: Browser,
  { base, output }: Pick<RunningStack, 'base' | 'output'>,
  folder: string,
): Promise<void> {
  const [flow, trace, deadLetters] = pictureNames;
  await mkdir(folder, { recursive: true });
  const [, address = ''] = /^ {2}console +(\S+)$/m.exec(output.join('\n')) ?? [];
  const context = await browser.newContext({
    colorScheme: 'light',
    locale: 'en-GB',
    viewport: { width: 1180, height: 700 },
  });
  const page = await context.newPage();
  const save = async (name: string) => writeFile(join(folder, name), await page.screenshot());
  try {
    await page.goto(address);
    await makeTheFlow(page);
    await save(flow);
    await goOn(page);
    await page.locator('.flow').first().waitFor();
    await save(trace);
    await breakMessages(base);
    await lookAtThem(page);
    await save(deadLetters);
  } finally {
    await context.close();
  }
}

const row = (page: Page, text: string) => page.locator('.events tbody tr', { hasText: text }).first();
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

/** A payment with its documents, a refund, and messages that wait because billing was stopped. */
async function makeTheFlow(page: Page): Promise<void> {
  const form = page.getByRole('form', { name: 'Make a payment' });
  await form.getByLabel('Merchant').fill('furniture');
  await button(page, 'Pay').click();
  await row(page, 'invoice.rendered.v1').filter({ hasText: 'furniture' }).waitFor();
  await button(page, 'Refund').click();
  await row(page, 'credit-note.rendered.v1').filter({ hasText: 'furniture' }).waitFor();
  await button(page, 'Stop billing consumer').click();
  await button(page, 'Start billing consumer').waitFor();
  for (let waiting = 1; waiting <= 3; waiting += 1) {
    await button(page, 'Pay').click();
    await page
      .getByRole('region', { name: 'fanfold-local-billing-events', exact: true })
      .locator('.counts div', { hasText: 'waiting' })
      .filter({ hasText: String(waiting) })
      .waitFor();
  }
}

/** From the refund to all that followed from it and from its payment. */
async function goOn(page: Page): Promise<void> {
  await button(page, 'Start billing consumer').click();
  await button(page, 'Stop billing consumer').waitFor();
  const refund = row(page, 'payment.refunded.v1').filter({ hasText: 'furniture' }).getByRole('link');
  const id = (await refund.textContent())?.trim().replace(/:\d+$/, '');
  await page.goto(new URL(`/trace?id=${id}&merchant=furniture`, page.url()).href);
}

/** Puts what billing cannot handle into its queue. */
async function breakMessages(base: number): Promise<void> {
  const sqs = new SQSClient({
    ...clientConfiguration(`http://127.0.0.1:${base + 4}`),
    useQueueUrlAsEndpoint: false,
  });
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: 'fanfold-local-billing-events' }));
  const unpriced = {
    specversion: '1.0',
    type: 'payment.captured.v1',
    subject: 'pay_1',
    data: { amount: '12.10' },
  };
  for (const MessageBody of [JSON.stringify(unpriced), 'not an event', '{ "half": ']) {
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
  }
}

async function lookAtThem(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Dead letters' }).click();
  const group = page.getByRole('link', { name: 'schema-violation' });
  const all = page.getByText(/\b[3-9] dead letters, as seen at/);
  for (;;) {
    await page.getByText(/as seen at/).waitFor();
    if ((await all.count()) > 0 && (await group.count()) > 0) break;
    await button(page, 'Look again').click();
  }
  await group.first().click();
  await page.locator('[aria-label="Messages, the oldest first"] tbody a').first().click();
  await page.locator('.message').waitFor();
  // What was just looked at is counted again in a moment.
  await page.getByText(/Now there are/).waitFor({ state: 'hidden' });
}

if (import.meta.main) {
  const [stack, browser] = await Promise.all([freeBasePort().then((base) => startDev(base)), startBrowser()]);
  try {
    await takePictures(browser, stack, join(import.meta.dirname, '../docs'));
  } finally {
    await browser.close();
    await stack.stop();
  }
}

import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Answers, Asked, Call, LiveMessage, Picture } from '@fanfold/console/api';
import { run, start, stop } from '../processes.ts';
import type { Endpoint } from './endpoint.ts';
import { eventually } from './merchant.ts';
import { rootSettings } from './stage.ts';

/** Runs `fanfold` and gives what it printed. */
export type Fanfold = (commandArguments: string[], exitCode?: number) => Promise<string>;

/**
 * @param folder the checkout
 * @param environment of whoever gives the orders
 */
export const fanfoldOf =
  (folder: string, environment: Record<string, string>): Fanfold =>
  async (commandArguments, exitCode = 0) => {
    const { code, output } = await run(
      process.execPath,
      [join(folder, 'scripts/fanfold.ts'), ...commandArguments],
      { cwd: folder, env: { ...environment, INIT_CWD: folder } },
    );
    if (code === exitCode) return output;
    throw new Error(`fanfold ${commandArguments.join(' ')} ended with ${code}, not ${exitCode}:\n${output}`);
  };

/** Puts a message that is no event into a queue, sees it among the dead letters, and discards it. */
export async function handleDeadLetter(
  fanfold: Fanfold,
  endpoint: Endpoint,
  { stage, region, queueUrl, page }: { stage: string; region: string; queueUrl: string; page: OpenConsole },
): Promise<void> {
  const inStage = ['--stage', stage];
  await fanfold(['dlq', 'list', ...inStage]);
  await new SQSClient(rootSettings(endpoint, region)).send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'no event' }),
  );
  const listed = await eventually('a dead letter', async () => {
    const text = await fanfold(['dlq', 'list', ...inStage]).catch(() => undefined);
    return text === undefined ? fanfold(['dlq', 'list', ...inStage], 1) : undefined;
  });
  await eventually('the dead letter in the console', async () => {
    const { groups } = await page.call('lookAtDeadLetters', {});
    return groups.some(({ service, cause }) => service === 'billing' && cause === 'not-json') || undefined;
  });
  await fanfold(['dlq', 'show', '--all', '--body', ...inStage]);
  await fanfold(['dlq', 'redrive', '--all', ...inStage]);
  // What was wrong is wrong again.
  await eventually('the dead letter again', () =>
    fanfold(['dlq', 'list', ...inStage], 1).catch(() => undefined),
  );
  await fanfold(['dlq', 'discard', '--all', '--reason', 'a rehearsal', ...inStage]);
  await fanfold(['dlq', 'list', ...inStage]);
  if (!listed.includes('billing')) throw new Error(`The dead letter is not billing's:\n${listed}`);
}

/** The console of a stage, as a page uses it. */
export type OpenConsole = {
  /** @throws when it is answered with anything but a success */
  call<Name extends Call>(name: Name, asked: Asked<Name>): Promise<Answers[Name]>;
  /** What it says of the stage to a page that was just opened. */
  picture(): Promise<Picture>;
  close(): Promise<void>;
};

/**
 * Runs `fanfold console` and opens the address that it prints, as a browser would.
 *
 * @param folder the checkout
 * @param environment of whoever looks
 */
export async function openConsole(
  folder: string,
  environment: Record<string, string>,
  stage: string,
): Promise<OpenConsole> {
  const child = start(process.execPath, [join(folder, 'scripts/fanfold.ts'), 'console', '--stage', stage], {
    cwd: folder,
    env: { ...environment, INIT_CWD: folder },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [address] = (await Promise.race([
    once(createInterface({ input: child.stdout as NodeJS.ReadableStream }), 'line'),
    once(child, 'exit').then(([code]) => {
      throw new Error(`fanfold console ended with ${code}`);
    }),
  ])) as [string];
  const { origin, hash } = new URL(address);
  const authorization = `Bearer ${new URLSearchParams(hash.slice(1)).get('token')}`;
  return {
    async call<Name extends Call>(name: Name, asked: Asked<Name>) {
      const response = await fetch(`${origin}/console/call/${name}`, {
        method: 'POST',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify(asked),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`The console answered ${name} with ${response.status}: ${text}`);
      return JSON.parse(text) as Answers[Name];
    },
    async picture() {
      const leave = new AbortController();
      const { body } = await fetch(`${origin}/console/live`, {
        headers: { authorization },
        signal: AbortSignal.any([leave.signal, AbortSignal.timeout(120_000)]),
      });
      let rest = '';
      for await (const text of (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
        const parts = (rest + text).split('\n\n');
        rest = parts.pop() ?? '';
        for (const part of parts) {
          const message = JSON.parse(part.slice('data: '.length)) as LiveMessage;
          if (!('picture' in message)) continue;
          leave.abort();
          return message.picture;
        }
      }
      throw new Error('The console ended before it told of the stage.');
    },
    close: () => stop(child),
  };
}

/** Copies a bucket into a folder, as `aws s3 sync` does. */
export async function copyBucket(
  endpoint: Endpoint,
  region: string,
  bucket: string,
  folder: string,
): Promise<void> {
  const s3 = new S3Client({ ...rootSettings(endpoint, region), forcePathStyle: true });
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket: bucket })) {
    for (const { Key = '' } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket: bucket, Key }));
      const path = join(folder, Key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, (await Body?.transformToByteArray()) ?? '');
    }
  }
}

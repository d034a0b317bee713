import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { run } from '../processes.ts';
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
  { stage, region, queueUrl }: { stage: string; region: string; queueUrl: string },
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

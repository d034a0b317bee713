import { once } from 'node:events';
import { join } from 'node:path';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { credentials, region } from '@fanfold/local-cloud/account';
import type { Calls } from './calls.ts';
import { startApart } from './runApart.ts';

/** AWS that says yes to everything at once, in a process of its own: what it takes is nobody's, and the same for all. */
export type InstantAws = {
  /** What makes AWS clients ask it, and nothing else. */
  environment: Record<string, string>;
  url: string;
  /** How often each operation was called since it was asked last. */
  takeCalls(): Promise<Calls>;
  stop(): Promise<void>;
};

type Item = Record<string, AttributeValue>;

/** @param items what there is to be read, in any table, by `pk` */
export async function startInstantAws(items: Record<string, Item> = {}): Promise<InstantAws> {
  const {
    child,
    ready: url,
    stop,
  } = await startApart<string>(join(import.meta.dirname, 'instantAwsProcess.ts'), {
    first: JSON.parse(JSON.stringify(items, base64)),
  });
  return {
    url,
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    },
    async takeCalls() {
      const answered = once(child, 'message');
      child.send('take');
      const [calls] = (await answered) as [Calls];
      return calls;
    },
    stop,
  };
}

/** Bytes as they are on the wire. */
const base64 = (_key: string, value: unknown) =>
  value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;

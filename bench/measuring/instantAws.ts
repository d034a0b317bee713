import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { credentials, region } from '@fanfold/local-cloud/account';
import { load } from 'js-yaml';
import type { Calls } from './calls.ts';
import { startApart } from './runApart.ts';

/** AWS that says yes to everything at once, in a process of its own: what it takes is nobody's, and the same for all. */
export type InstantAws = {
  /** What makes AWS clients ask it, and nothing else, and all that functions are told of where things are. */
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
    environment: environmentWith(url),
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

const sellersFile = join(import.meta.dirname, '../../packages/topology/sellers.yml');
/** Of the merchants of benchmarks, as of those on a laptop. */
const defaultSeller = JSON.stringify((load(readFileSync(sellersFile, 'utf8')) as { local: object }).local);

const environmentWith = (url: string) => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  TOKEN_ISSUER: url,
  TOKEN_AUDIENCE: 'fanfold',
  EVENTS_QUEUE_URL: `${url}/000000000000/events`,
  EVENTS_DEAD_LETTER_QUEUE_URL: `${url}/000000000000/dead-letters`,
  EVENTS_TOPIC_ARN: 'arn:aws:sns:eu-west-1:000000000000:events',
  PAYMENTS_TABLE_NAME: 'payments',
  SANDBOX_TABLE_NAME: 'sandbox',
  STRIPE_SECRET_NAME: 'stripe',
  STRIPE_URL: url,
  PAYMENT_RETURN_URL: url,
  BILLING_TABLE_NAME: 'billing',
  AUDIT_TABLE_NAME: 'audit',
  AUDIT_KEYS_TABLE_NAME: 'audit-keys',
  AUDIT_WITNESS_TABLE_NAME: 'audit-witness',
  AUDIT_LOG_BUCKET_NAME: 'audit-log',
  MARKS_BUCKET_NAME: 'marks',
  DOCUMENTS_BUCKET_NAME: 'documents',
  LOG_ORIGIN: 'fanfold.example/local/audit',
  LOG_SIGNING_KEY_IDS: 'log',
  WITNESS_SIGNING_KEY_ID: 'witness',
  DEFAULT_SELLER: defaultSeller,
  ROUTES: 'GET /things',
});

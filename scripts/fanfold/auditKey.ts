import { GetPublicKeyCommand, NotFoundException } from '@aws-sdk/client-kms';
import { GetObjectCommand, NoSuchBucket, NoSuchKey } from '@aws-sdk/client-s3';
import { formatKey } from '@fanfold/verify/note';
import { bucketPrefix } from '../../packages/topology/names.js';
import { UsageError } from './arguments.ts';
import { type Cloud, cloudOf } from './cloud.ts';
import { print, printJson } from './terminal.ts';

type Options = { stage: string; witness?: true; origin?: string; json?: true };

/** What an Ed25519 key begins with in DER, before its 32 bytes: https://www.rfc-editor.org/rfc/rfc8410#section-4 */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * `fanfold audit key`: prints the public key of the audit log, or of its witness, as KMS has it.
 *
 * @throws UsageError when the stage has no such key
 */
export async function auditKey({ stage, witness, origin, json }: Options): Promise<void> {
  const cloud = await cloudOf(stage);
  const kind = witness ? 'witness' : 'log';
  const alias = `alias/fanfold-${stage}-audit-${kind}`;
  const { PublicKey } = await cloud
    .kms()
    .send(new GetPublicKeyCommand({ KeyId: alias }))
    .catch((error: Error) => {
      if (!(error instanceof NotFoundException)) throw error;
      throw new UsageError(`There is no key ${alias}. Check --stage, or deploy audit.`);
    });
  const der = Buffer.from(PublicKey ?? []);
  if (der.length !== 44 || !der.subarray(0, 12).equals(ed25519Prefix)) {
    throw new Error(`${alias} is not an Ed25519 key, which audit signs with.`);
  }
  const log = origin ?? (await nameOfLog(cloud));
  const key = formatKey(witness ? `${log}/witness` : log, kind, der.subarray(12));
  if (json) printJson({ stage, alias, key });
  else print(key);
}

/** The first line of its checkpoint, which anybody may read: https://c2sp.org/tlog-checkpoint */
async function nameOfLog({ s3, stage, region, account }: Cloud): Promise<string> {
  // As packages/topology/parameters.yml has it. A stack that just began has no checkpoint for a minute.
  if (stage === 'local') return 'fanfold.example/local/audit';
  const Bucket = `${bucketPrefix(stage, region)}-audit-log-${account}`;
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key: 'checkpoint' }));
    const [name] = (await Body?.transformToString())?.split('\n') ?? [];
    if (name) return name;
  } catch (error) {
    if (!(error instanceof NoSuchKey || error instanceof NoSuchBucket)) throw error;
  }
  throw new UsageError('The log has no checkpoint yet, which tells its name. Give it: --origin <name>.');
}

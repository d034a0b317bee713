import { GetPublicKeyCommand, NotFoundException } from '@aws-sdk/client-kms';
import { formatKey } from '@fanfold/verify/key';
import { maxCheckpointBytes } from '@fanfold/verify/note';
import type { Cloud } from '../aws/cloud.ts';
import { stageLog } from '../aws/stageLog.ts';
import { UsageError } from '../errors.ts';

/** Whose key: the log's, or with `witness` its witness's. `origin` is the log's name; the one in its checkpoint if not given. */
type Which = { witness?: true; origin?: string };

/** What an Ed25519 key begins with in DER, before its 32 bytes: https://www.rfc-editor.org/rfc/rfc8410#section-4 */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The public key of a stage's log, or of its witness, as a vkey.
 *
 * @throws UsageError when the stage has no such key, or its log has no name yet
 */
export async function keyOf(
  cloud: Cloud,
  { witness, origin }: Which = {},
): Promise<{ alias: string; key: string }> {
  const kind = witness ? 'witness' : 'log';
  const alias = `alias/fanfold-${cloud.stage}-audit-${kind}`;
  const { PublicKey } = await cloud
    .kms()
    .send(new GetPublicKeyCommand({ KeyId: alias }))
    .catch((error: Error) => {
      if (!(error instanceof NotFoundException)) throw error;
      throw new UsageError(`There is no key ${alias}. Check the stage, or deploy audit.`);
    });
  const der = Buffer.from(PublicKey ?? []);
  if (der.length !== 44 || !der.subarray(0, 12).equals(ed25519Prefix)) {
    throw new Error(`${alias} is not an Ed25519 key, which audit signs with.`);
  }
  const log = origin ?? (await originOf(cloud));
  return { alias, key: await formatKey(witness ? `${log}/witness` : log, kind, der.subarray(12)) };
}

/** The name of a stage's log: on a laptop always the same, in AWS the one that its checkpoint has. */
async function originOf(cloud: Cloud): Promise<string> {
  if (cloud.stage === 'local') return 'fanfold.example/local/audit';
  const checkpoint = await stageLog(cloud).read('checkpoint', maxCheckpointBytes);
  if (checkpoint) return Buffer.from(checkpoint).toString().split('\n', 1)[0] as string;
  throw new UsageError(
    `The log of ${cloud.stage} has no checkpoint yet, from which its name is read. Give the name, which is the ` +
      'parameter logOrigin of the stage, with --origin, or try again a minute after the first event.',
  );
}

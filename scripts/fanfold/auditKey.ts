import { GetPublicKeyCommand, NotFoundException } from '@aws-sdk/client-kms';
import { formatKey } from '@fanfold/verify/note';
import { UsageError } from './arguments.ts';
import { cloudOf } from './cloud.ts';
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
  const log = origin ?? `fanfold.example/${stage}/audit`;
  const key = formatKey(witness ? `${log}/witness` : log, kind, der.subarray(12));
  if (json) printJson({ stage, alias, key });
  else print(key);
}

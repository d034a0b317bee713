import { cloudOf } from '../aws/cloud.ts';
import { keyOf } from '../operations/logKey.ts';
import { print, printJson } from '../terminal.ts';

type Options = { stage: string; region?: string; witness?: true; origin?: string; json?: true };

/**
 * `fanfold audit key`: prints the public key of the audit log, or of its witness, as KMS has it.
 *
 * @throws UsageError when the stage has no such key, or its log has no name yet
 */
export async function auditKey({ stage, region, json, ...which }: Options): Promise<void> {
  const { alias, key } = await keyOf(await cloudOf({ stage, region }), which);
  if (json) printJson({ stage, alias, key });
  else print(key);
}

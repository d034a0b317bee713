import { type VerifyOptions, verify as verifyWith } from '@fanfold/verify/command';
import { keyOf } from './auditKey.ts';
import { cloudOf } from './cloud.ts';
import { stageLog } from './stageLog.ts';

type Options = VerifyOptions & { stage?: string };

/**
 * `fanfold verify`: what the verifier does. For a stage it takes the log's key from KMS, where none is given, and the log
 * from the stage, where neither a proof nor a log is given.
 *
 * @returns the exit code: 0 verified, 1 wrong or not to be read, 2 used wrongly
 * @throws UsageError when there is no such stage, or it has no log yet
 */
export async function verify(file: string | undefined, { stage, ...options }: Options): Promise<0 | 1 | 2> {
  if (stage === undefined) return verifyWith(file, options);
  const cloud = await cloudOf(stage);
  const { key = [(await keyOf(cloud)).key], log = file === undefined ? stageLog(cloud) : undefined } =
    options;
  return verifyWith(file, { ...options, key, log });
}

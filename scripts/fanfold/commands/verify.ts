import { type VerifyOptions, verify as verifyWith } from '@fanfold/verify/command';
import { startProgress } from '../../progress.ts';
import { cloudOf } from '../aws/cloud.ts';
import { stageLog } from '../aws/stageLog.ts';
import { keyOf } from '../operations/logKey.ts';

type Options = Omit<VerifyOptions, 'onProgress'> & { stage?: string; region?: string };

/**
 * `fanfold verify`: what the verifier does. For a stage it takes the log's key from KMS, where none is given, and the log
 * from the stage, where neither a proof nor a log is given; for --max-age the witness's key as well.
 *
 * @returns the exit code: 0 verified, 1 wrong, 2 not to be read, or used wrongly
 * @throws UsageError when there is no such stage, or it has no log yet
 */
export async function verify(
  file: string | undefined,
  { stage, region, ...options }: Options,
): Promise<0 | 1 | 2> {
  let progress: ReturnType<typeof startProgress> | undefined;
  const onProgress = (entries: number, size: number) => {
    progress ??= startProgress('verifying entries of the log', size);
    progress.set(entries);
    if (entries === size) progress.end();
  };
  try {
    if (stage === undefined) return await verifyWith(file, { ...options, onProgress });
    const cloud = await cloudOf({ stage, region });
    const isNamed = options.policy !== undefined;
    const {
      key = isNamed ? undefined : [(await keyOf(cloud)).key],
      log = file === undefined ? stageLog(cloud) : undefined,
    } = options;
    const {
      witness = options.maxAge && !isNamed ? [(await keyOf(cloud, { witness: true })).key] : undefined,
    } = options;
    return await verifyWith(file, { ...options, key, log, witness, onProgress });
  } finally {
    progress?.end();
  }
}

import { eventOf, proofFileOf } from '../aws/auditLog.ts';
import type { Cloud } from '../aws/cloud.ts';
import { CommandError } from '../errors.ts';
import { keyOf } from './logKey.ts';

/** The vkeys that the log of a stage, and its witness, sign with, as KMS has them. */
export type LogKeys = { log: string; witness: string };

export async function logKeysOf(cloud: Cloud): Promise<LogKeys> {
  const [log, witness] = await Promise.all([keyOf(cloud), keyOf(cloud, { witness: true })]);
  return { log: log.key, witness: witness.key };
}

/**
 * The proof file of a recorded event, byte for byte as audit serves it.
 *
 * @throws CommandError when nothing is recorded of it, or no checkpoint covers it yet
 */
export async function proofOf(cloud: Cloud, merchantId: string, eventId: string): Promise<string> {
  const proof = await proofFileOf(cloud, merchantId, eventId);
  if (proof !== null) return proof;
  if (await eventOf(cloud, merchantId, eventId)) {
    throw new CommandError(
      `${eventId} is recorded, and no checkpoint of the log covers it yet. One does within a minute: ask again then.`,
    );
  }
  throw new CommandError(
    `No event ${eventId} is recorded for the merchant ${merchantId} in ${cloud.stage}. Check the id, which ends with a colon and a ` +
      'number, and the merchant, or try again in a second: events take a moment.',
  );
}

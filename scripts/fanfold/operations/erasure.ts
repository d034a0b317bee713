import { type Cloud, invoke } from '../aws/cloud.ts';
import { CommandError } from '../errors.ts';
import { order } from './order.ts';

/** What audit records of an erasure. */
export type Erasure = { dataSubject: string; erasedAt: string; operationId: string };

/**
 * What of a subject can be erased, and what of it was erased before. Changes nothing.
 *
 * @param subject the id of a payment, or of a refund, invoice or credit note of one
 * @returns `readable`: the payments whose records would be made unreadable
 * @throws when nothing is recorded of it
 */
export async function erasableOf(
  cloud: Cloud,
  merchantId: string,
  subject: string,
): Promise<{ readable: string[]; erasures: Erasure[] }> {
  const asked = { merchantId, subject, dryRun: true };
  const { readable, erasures } = (await invoke(cloud, 'audit', 'eraseSubject', asked)) as {
    readable: string[];
    erasures: Erasure[];
  };
  if (readable.length > 0 || erasures.length > 0) return { readable, erasures: erasures.map(facts) };
  throw new CommandError(
    `Nothing is recorded of ${subject} for the merchant ${merchantId} in ${cloud.stage}, so nothing was ordered. ` +
      'Check the id and the merchant, or try again in a second: events take a moment.',
  );
}

/**
 * Makes unreadable what the log has of a subject and of whom it is about, for ever, once it is in the audit trail.
 *
 * @throws when it could not be ordered or erased; then it may be ordered again
 */
export async function eraseSubject(
  cloud: Cloud,
  { merchantId, subject, reason }: { merchantId: string; subject: string; reason: string | null },
): Promise<{ operationId: string; erased: Erasure[] }> {
  const operationId = await order(cloud, {
    command: 'audit erase',
    reason,
    filters: { subject, merchant: merchantId },
    messages: [],
  });
  const asked = { merchantId, subject, reason, operationId };
  const erased = (await invoke(cloud, 'audit', 'eraseSubject', asked)) as Erasure[];
  return { operationId, erased: erased.map(facts) };
}

const facts = ({ dataSubject, erasedAt, operationId }: Erasure): Erasure => ({
  dataSubject,
  erasedAt,
  operationId,
});

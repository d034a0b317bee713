import { startTrace } from '@fanfold/runtime/trace';
import { dataSubjectsOf, type Erasure, erase, erasuresOf, readable } from '../store/erasures.ts';
import type { ErasableRequest, EraseOrder } from './eraseRequest.ts';

/**
 * Makes unreadable what the log has about a subject, by destroying the key of its data subject. The log itself does
 * not change: its entries have no personal data, and every proof still verifies. A repeated order changes nothing.
 *
 * @returns what is erased, now or earlier
 * @throws when nothing is recorded about the subject
 */
export async function eraseSubject(
  { merchantId, subject, reason, operationId }: EraseOrder,
  now: Date,
): Promise<Erasure[]> {
  const dataSubjects = await dataSubjectsOf(merchantId, subject);
  for (const dataSubject of await readable(merchantId, dataSubjects)) {
    const trace = startTrace(operationId);
    await erase({ merchantId, dataSubject, reason, operationId, erasedAt: now.toISOString(), trace });
  }
  const erasures = await allErasuresOf(merchantId, dataSubjects);
  if (erasures.length > 0) return erasures;
  throw new Error(`Nothing is recorded of ${subject} of ${merchantId}`);
}

/** What an erasure would do: the data subjects with readable events, and earlier erasures. */
export async function erasable({
  merchantId,
  subject,
}: ErasableRequest): Promise<{ readable: string[]; erasures: Erasure[] }> {
  const dataSubjects = await dataSubjectsOf(merchantId, subject);
  return {
    readable: await readable(merchantId, dataSubjects),
    erasures: await allErasuresOf(merchantId, dataSubjects),
  };
}

const allErasuresOf = async (merchantId: string, dataSubjects: Set<string>): Promise<Erasure[]> =>
  (await Promise.all([...dataSubjects].map((each) => erasuresOf(merchantId, each)))).flat();

import { startTrace } from '@fanfold/runtime/trace';
import type { EraseRequest } from './eraseRequest.ts';
import { dataSubjectsOf, type Erasure, erase, erasuresOf, readable } from './store/erasures.ts';

/**
 * Makes what the log has of a subject unreadable for everybody, by destroying its data subject's key. The log itself
 * does not change: its entries say nothing personal, and every proof still verifies. Ordered again, it does nothing.
 *
 * @returns what is erased, now or since before
 * @throws when nothing is recorded under the subject
 */
export async function eraseSubject(
  { merchantId, subject, reason, operationId }: EraseRequest,
  now: Date,
): Promise<Erasure[]> {
  const dataSubjects = await dataSubjectsOf(merchantId, subject);
  for (const dataSubject of await readable(merchantId, dataSubjects)) {
    const trace = startTrace(operationId);
    await erase({ merchantId, dataSubject, reason, operationId, erasedAt: now.toISOString(), trace });
  }
  const erasures = await Promise.all(
    [...dataSubjects].map((dataSubject) => erasuresOf(merchantId, dataSubject)),
  );
  if (erasures.flat().length > 0) return erasures.flat();
  throw new Error(`Nothing is recorded of ${subject} of ${merchantId}`);
}

import { lambda } from '@fanfold/runtime/lambda';
import { eraseRequest } from '../erase/eraseRequest.ts';
import { erasable, eraseSubject } from '../erase/eraseSubject.ts';
import { logGuard } from '../record/lack.ts';

/**
 * Not part of the API: whoever may invoke it may erase. Not while the table lacks events of the subject that it once had:
 * they would come back, and could be read.
 */
export const handler = lambda(async (input: unknown) => {
  const request = eraseRequest.parse(input);
  await logGuard();
  return 'dryRun' in request ? erasable(request) : eraseSubject(request, new Date());
});

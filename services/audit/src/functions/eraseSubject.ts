import { lambda } from '@fanfold/runtime/lambda';
import { eraseRequest } from '../erase/eraseRequest.ts';
import { erasable, eraseSubject } from '../erase/eraseSubject.ts';

/** Not part of the API: whoever may invoke it may erase. */
export const handler = lambda(async (input: unknown) => {
  const request = eraseRequest.parse(input);
  return 'dryRun' in request ? erasable(request) : eraseSubject(request, new Date());
});

import { lambda } from '@fanfold/runtime/lambda';
import { exportRequest } from '../exportRequest.ts';
import { loadTexts, readIndex } from '../store/events.ts';

/** Time to answer with what has been found. */
const answeringTimeMs = 5000;

/** Not behind the API, where a merchant sees its own events: who may invoke it reads the whole log. */
export const handler = lambda(async (input: unknown, context) => {
  const request = exportRequest.parse(input);
  return request.read === 'index'
    ? readIndex(request, () => context.getRemainingTimeInMillis() < answeringTimeMs)
    : loadTexts(request.events);
});

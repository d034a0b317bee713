import { lambda } from '@fanfold/runtime/lambda';
import { eraseRequest } from '../eraseRequest.ts';
import { eraseSubject } from '../eraseSubject.ts';

/** Not behind the API: who may invoke it may erase. */
export const handler = lambda((input: unknown) => eraseSubject(eraseRequest.parse(input), new Date()));

import { merchantId } from '@fanfold/contracts/event';
import { lambda } from '@fanfold/runtime/lambda';
import * as z from 'zod';
import { documentNumber } from '../series.ts';
import { findByNumber, findPayments } from '../store/documents.ts';

/** What an operator's tool asks, to go on from what stands on a document: its order, or its number. */
const findRequest = z.discriminatedUnion('find', [
  z.strictObject({ find: z.literal('payments'), merchantId, orderId: z.string().min(1).max(100) }),
  z.strictObject({ find: z.literal('document'), merchantId, number: z.string().regex(documentNumber) }),
]);

type FindRequest = z.output<typeof findRequest>;

/** Not behind the API: who may invoke it finds the ids of all merchants' documents, and nothing else of them. */
export const handler = lambda(async (input: unknown) => ({ ids: await find(findRequest.parse(input)) }));

const find = (request: FindRequest): Promise<string[]> =>
  request.find === 'document'
    ? findByNumber(request.merchantId, request.number)
    : findPayments(request.merchantId, request.orderId);

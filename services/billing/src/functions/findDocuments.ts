import { merchantId } from '@fanfold/contracts/event';
import { lambda } from '@fanfold/runtime/lambda';
import * as z from 'zod';
import { documentNumber } from '../series.ts';
import { findByNumber, findPayments } from '../store/documents.ts';

/** The search of an operator's command, by what is printed on a document: the order or the number. */
const findRequest = z.discriminatedUnion('find', [
  z.strictObject({ find: z.literal('payments'), merchantId, orderId: z.string().min(1).max(100) }),
  z.strictObject({ find: z.literal('document'), merchantId, number: z.string().regex(documentNumber) }),
]);

type FindRequest = z.output<typeof findRequest>;

/**
 * Not part of the API: whoever may invoke it finds the ids of all merchants' documents, and nothing else about them.
 */
export const handler = lambda(async (input: unknown) => ({ ids: await find(findRequest.parse(input)) }));

const find = (request: FindRequest): Promise<string[]> =>
  request.find === 'document'
    ? findByNumber(request.merchantId, request.number)
    : findPayments(request.merchantId, request.orderId);

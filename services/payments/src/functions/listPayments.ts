import { endpoint } from '@fanfold/runtime/http';
import { listOf, listQuery } from '@fanfold/runtime/list';
import * as z from 'zod';
import { paymentResource } from '../api/paymentResource.ts';
import { list } from '../store/queries.ts';

export const handler = endpoint(
  { scope: 'payments:read', query: z.strictObject(listQuery) },
  async ({ caller, query }) => {
    const { items, hasMore } = await list(caller.merchantId, query);
    return { status: 200, body: listOf({ items: items.map(paymentResource), hasMore }) };
  },
);

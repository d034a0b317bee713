import { endpoint } from '@fanfold/runtime/http';
import { listOf } from '@fanfold/runtime/list';
import { eventQuery } from '../query/eventQuery.ts';
import { eventResource } from '../query/eventResource.ts';
import { find } from '../store/queries.ts';

/** Time to load the events of the page and to send the answer. */
const answeringTimeMs = 5000;

export const handler = endpoint(
  { scope: 'audit:read', operatorScope: 'operations:read', query: eventQuery },
  async ({ caller, query, remainingTimeMs }) => {
    const { items, hasMore } = await find(
      caller.merchantId,
      query,
      () => remainingTimeMs() < answeringTimeMs,
    );
    return { status: 200, body: listOf({ items: items.map(eventResource), hasMore }) };
  },
);

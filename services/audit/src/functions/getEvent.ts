import { endpoint } from '@fanfold/runtime/http';
import { notFound } from '@fanfold/runtime/refusal';
import { eventResource } from '../query/eventResource.ts';
import { load } from '../store/events.ts';

export const handler = endpoint(
  { scope: 'audit:read', operatorScope: 'operations:read' },
  async ({ caller, path }) => {
    const recorded = await load(caller.merchantId, path.id ?? '');
    if (!recorded) throw notFound('event');
    return { status: 200, body: eventResource(recorded) };
  },
);

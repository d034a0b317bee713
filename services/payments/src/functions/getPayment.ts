import { endpoint } from '@fanfold/runtime/http';
import { find } from '../api/find.ts';
import { paymentResource } from '../api/paymentResource.ts';

export const handler = endpoint({ scope: 'payments:read' }, async (request) => ({
  status: 200,
  body: paymentResource(await find(request)),
}));

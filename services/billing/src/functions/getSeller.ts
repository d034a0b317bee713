import { endpoint } from '@fanfold/runtime/http';
import { notFound } from '@fanfold/runtime/refusal';
import { sellerResource } from '../seller.ts';
import { loadSeller } from '../store/sellers.ts';

export const handler = endpoint({ scope: 'seller:read' }, async ({ caller }) => {
  const current = await loadSeller(caller.merchantId);
  if (!current) throw notFound('seller');
  return { status: 200, body: sellerResource(current) };
});

import { maxSellerBodyBytes, sellerBody } from '@fanfold/contracts/seller';
import { endpoint } from '@fanfold/runtime/http';
import { sellerResource } from '../seller.ts';
import { tableGuard } from '../store/mark.ts';
import { putSeller } from '../store/sellers.ts';

export const handler = endpoint(
  {
    scope: 'seller:write',
    body: sellerBody,
    maxBodyBytes: maxSellerBodyBytes,
    idempotent: true,
    guard: tableGuard,
  },
  async (request) => {
    const { current, replayed } = await putSeller(request);
    return { status: 200, body: sellerResource(current), replayed };
  },
);

import { type Seller, type SellerVersion, seller } from '@fanfold/contracts/seller';
import { defaultSeller } from '@fanfold/runtime/defaultSeller';
import { type SellerItem, type Stored, sellerSubject } from './items.ts';
import { readAll } from './table.ts';

/** The key of a merchant's current seller. */
export const sellerKey = (merchantId: string): string => `${merchantId}#${sellerSubject(merchantId)}`;

/** The current sellers of merchants. Missing is one that neither has its own nor a default of the stage. */
export async function readSellers(merchantIds: string[]): Promise<Map<string, SellerVersion>> {
  const items = await readAll([...new Set(merchantIds)].map(sellerKey));
  const stored = new Map(items.map((item) => [item.pk, item]));
  return new Map(
    merchantIds.flatMap((merchantId) => {
      const current = currentSeller(stored.get(sellerKey(merchantId)));
      return current ? [[merchantId, current]] : [];
    }),
  );
}

/** The seller that an item at {@link sellerKey} is, or without an item the stage's default. */
export function currentSeller(item: Stored | undefined): SellerVersion | undefined {
  if (!item) return defaultSeller();
  const { seller: stored, version } = item as SellerItem;
  return { seller: seller.parse(stored) satisfies Seller, version };
}

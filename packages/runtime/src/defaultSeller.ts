import { type SellerVersion, sellerRequest } from '@fanfold/contracts/seller';
import { environmentVariable } from './env.ts';

let known: { json: string; seller: SellerVersion | undefined } | undefined;

/**
 * The seller of merchants without their own; undefined when the stage has none. The template gives functions that ask for it
 * `DEFAULT_SELLER: ${file(../../packages/topology/sellers.js):defaultSeller}`.
 */
export function defaultSeller(): SellerVersion | undefined {
  const json = environmentVariable('DEFAULT_SELLER');
  if (known?.json !== json) {
    const given: unknown = JSON.parse(json);
    known = { json, seller: given === null ? undefined : { seller: sellerRequest.parse(given), version: 0 } };
  }
  return known?.seller;
}

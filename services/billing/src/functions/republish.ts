import { republish } from '@fanfold/runtime/republish';
import { issuedOn, republishDocument } from '../store/days.ts';

/** Says again which invoices and credit notes were issued on a day. */
export const handler = republish(({ date, merchantId }) => issuedOn(date, merchantId), republishDocument);

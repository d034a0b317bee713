import { republish } from '@fanfold/runtime/republish';
import { issuedOn, republishDocument } from '../store/days.ts';

/** Publishes the events of the invoices and credit notes of a day again. */
export const handler = republish(({ date, merchantId }) => issuedOn(date, merchantId), republishDocument);

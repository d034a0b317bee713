import { type RepublishRequest, republish } from '@fanfold/runtime/republish';
import { foundOn, issuedOn, republishDocument } from '../store/days.ts';

/** Publishes the events of the invoices, credit notes and findings of a day again. */
export const handler = republish(find, republishDocument);

async function* find({ date, merchantId }: RepublishRequest): AsyncGenerator<{ id: string }[]> {
  yield* issuedOn(date, merchantId);
  yield* foundOn(date, merchantId);
}

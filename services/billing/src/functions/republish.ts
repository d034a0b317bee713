import { type RepublishRequest, republish } from '@fanfold/runtime/republish';
import { foundOrRenderedOn, issuedOn, republishDocument } from '../store/days.ts';

/** Publishes the events of the invoices, credit notes, findings and PDFs of a day again. */
export const handler = republish(find, republishDocument);

async function* find({ date, merchantId }: RepublishRequest): AsyncGenerator<{ id: string }[]> {
  yield* issuedOn(date, merchantId);
  yield* foundOrRenderedOn(date, merchantId);
}

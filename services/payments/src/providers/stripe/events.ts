import { list } from './client.ts';
import { noticeOfEvent, relevantTypes, type StripeEvent } from './webhook.ts';

/** The references of payments that Stripe has had news of, between two times in milliseconds. Each once, in no order. */
export async function* referencesWithNews(from: number, to: number): AsyncGenerator<{ id: string }[]> {
  const seen = new Set<string>();
  const parameters = {
    ...Object.fromEntries(relevantTypes.map((type, i) => [`types[${i}]`, type])),
    'created[gte]': Math.floor(from / 1000),
    'created[lte]': Math.ceil(to / 1000),
  };
  for await (const events of list<StripeEvent & { id: string }>('/v1/events', parameters)) {
    const references = events.flatMap((event) => noticeOfEvent(event)?.reference ?? []);
    yield [...new Set(references)].filter((reference) => !seen.has(reference)).map((id) => ({ id }));
    for (const reference of references) seen.add(reference);
  }
}

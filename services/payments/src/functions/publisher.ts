import type { EventOfType } from '@fanfold/contracts/catalog';
import { measureIn } from '@fanfold/runtime/metrics';
import { publishStream } from '@fanfold/runtime/publish';
import { eventsOf } from '../store/items.ts';

export const handler = publishStream(eventsOf, ({ type, data }) => {
  if (type !== 'payment.captured.v1') return;
  const { currency, amountCaptured } = data as EventOfType<typeof type>['data'];
  measureIn(currency, 'Captured', amountCaptured);
});

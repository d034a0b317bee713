import { byType, consume } from '@fanfold/runtime/consume';

const doNothing = async (_event: unknown): Promise<void> => {};

export const handler = consume(
  ['payment.captured.v1', 'payment.refunded.v1', 'invoice.issued.v1', 'credit-note.issued.v1'],
  byType({
    'payment.captured.v1': doNothing,
    'payment.refunded.v1': doNothing,
    'invoice.issued.v1': doNothing,
    'credit-note.issued.v1': doNothing,
  }),
);

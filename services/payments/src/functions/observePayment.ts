import { consumeMessages } from '@fanfold/runtime/consume';
import { startTrace } from '@fanfold/runtime/trace';
import { observeReference } from '../observing.ts';
import { readNotice } from '../providers/stripe/notice.ts';
import { tableGuard } from '../store/mark.ts';

/** Brings payments up to what the provider knows of them, after it said that it has news. */
export const handler = consumeMessages(
  readNotice,
  (notices) =>
    notices.map(async ({ id, reference }) => {
      await observeReference(reference, { now: new Date(), trace: startTrace(`webhook_${id}`) });
    }),
  tableGuard,
);

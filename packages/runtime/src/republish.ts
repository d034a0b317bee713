import { merchantId } from '@fanfold/contracts/event';
import { day } from '@fanfold/contracts/fields';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { lambda } from './lambda.ts';
import { logger } from './logger.ts';
import { processItems } from './schedule.ts';

/** The request of an operator: the events of a day (UTC), of one merchant or of all. */
export type RepublishRequest = z.output<typeof request>;

const request = z.strictObject({ date: day, merchantId: merchantId.optional() });

/**
 * A function for operators, for events that were lost before they were published. It writes the items with events of
 * a day again, so that the stream and the publisher carry the same events once more. Consumers that have them ignore
 * them, so it may be run repeatedly.
 *
 * @param find the items with events to publish again, page by page
 * @throws Error when the request is invalid, or some items could not be written
 */
export const republish = <Item extends { id: string }>(
  find: (asked: RepublishRequest, now: Date) => AsyncIterable<Item[]>,
  republishItem: (item: Item, now: Date) => Promise<unknown>,
) =>
  lambda(async (event: unknown, context: Context) => {
    const { success, data: asked } = request.safeParse(event);
    if (!success) throw new Error('Ask for a day: {"date":"2026-11-23"}, and for one merchant: "merchantId"');
    const now = new Date();
    const { done, failed, isTimeUp } = await processItems(
      find(asked, now),
      (item) => republishItem(item, now),
      () => context.getRemainingTimeInMillis(),
    );
    logger.info('republished', { ...asked, done, failed });
    if (failed > 0) throw new Error(`${failed} of ${done + failed} were not published again; see the log`);
    if (isTimeUp) throw new Error(`Time was up after ${done}; ${adviceFor(asked)}`);
    return { republished: done };
  });

const adviceFor = ({ merchantId }: RepublishRequest): string =>
  merchantId === undefined
    ? 'run it for one merchant after another: {"date":…,"merchantId":…}'
    : 'give the function more memory, with which it is faster, and run it again: it starts from the beginning';

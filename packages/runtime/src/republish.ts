import { merchantId } from '@fanfold/contracts/event';
import { day } from '@fanfold/contracts/fields';
import type { Context } from 'aws-lambda';
import * as z from 'zod';
import { lambda } from './lambda.ts';
import { logger } from './logger.ts';
import { workOff } from './schedule.ts';

/** What an operator asks for: everything that was said on a day (UTC), of one merchant or of all. */
export type RepublishRequest = z.output<typeof request>;

const request = z.strictObject({ date: day, merchantId: merchantId.optional() });

/**
 * A function that an operator runs when events got lost before they were published: what was said on a day is written
 * again in a way that says the same once more. To whom it is no news it changes nothing, so it may be run as often as
 * one likes.
 *
 * @param find what has something to be said again, page by page
 * @throws Error when the request cannot be read, or something is left unsaid
 */
export const republish = <Item extends { id: string }>(
  find: (asked: RepublishRequest, now: Date) => AsyncIterable<Item[]>,
  republishItem: (item: Item, now: Date) => Promise<unknown>,
) =>
  lambda(async (event: unknown, context: Context) => {
    const { success, data: asked } = request.safeParse(event);
    if (!success) throw new Error('Ask for a day: {"date":"2026-11-23"}, and for one merchant: "merchantId"');
    const now = new Date();
    const { done, failed, isTimeUp } = await workOff(
      find(asked, now),
      (item) => republishItem(item, now),
      () => context.getRemainingTimeInMillis(),
    );
    logger.info('republished', { ...asked, done, failed });
    if (failed > 0) throw new Error(`${failed} of ${done + failed} were not said again; see the log`);
    if (isTimeUp) throw new Error(`Time was up after ${done}; ${adviceFor(asked)}`);
    return { republished: done };
  });

const adviceFor = ({ merchantId }: RepublishRequest): string =>
  merchantId === undefined
    ? 'run it for one merchant after another: {"date":…,"merchantId":…}'
    : 'give the function more memory, with which it is faster, and run it again: it begins anew';

import { lambda } from '@fanfold/runtime/lambda';
import { logger } from '@fanfold/runtime/logger';
import { startTrace } from '@fanfold/runtime/trace';
import { checkNumbers } from '../compare/checkNumbers.ts';
import { reportingMisfits } from '../publish/misfit.ts';
import { publishLog } from '../publish/publishLog.ts';
import { mergeListings, mergingMs } from '../store/mergedListings.ts';

/**
 * Runs every minute, and by the stream of the table when a tile is complete. Listings of what is published are merged. Every
 * minute it also looks for numbers that two documents have, whether or not the log fits: it reads what was appended in
 * either case.
 */
export const handler = lambda(async (event: object, { awsRequestId }) => {
  const occasion = 'Records' in event ? 'size' : 'clock';
  const publish = () =>
    reportingMisfits(async () => {
      const published = await publishLog(occasion);
      logger.info('log published', published);
      // Only then it has compared the table with what is published.
      const isCompared = occasion === 'clock' || published.published > 0;
      const endsAt = Date.now() + mergingMs;
      const merged = isCompared ? await mergeListings(published.size, () => Date.now() > endsAt) : 0;
      return { ...published, merged };
    });
  if (occasion === 'size') return publish();
  const check = () => checkNumbers(new Date(), startTrace(`clock_${awsRequestId}`));
  const [published, numbers] = await bothOf(publish, check);
  return { ...published, ...numbers };
});

/** One after the other, also when the first one fails; then it fails with that. */
async function bothOf<First, Second>(
  first: () => Promise<First>,
  second: () => Promise<Second>,
): Promise<[First, Second]> {
  const [begun] = await Promise.allSettled([first()]);
  const done = await second();
  if (begun.status === 'rejected') throw begun.reason;
  return [begun.value, done];
}

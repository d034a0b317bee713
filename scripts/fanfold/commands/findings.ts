import { cloudOf } from '../aws/cloud.ts';
import { sectionsOf } from '../operations/findingSections.ts';
import { findingsOf, isAnythingIn } from '../operations/findings.ts';
import { print, printJson } from '../terminal.ts';
import { requirePastDay } from './past.ts';

type Options = { stage: string; region?: string; date?: string; merchant?: string; json?: true };

/**
 * `fanfold findings`: shows which tables were put back to an earlier time, what of the audit log does not fit, which witnesses
 * refuse it, how many of its entries have no event, which days were found not to be complete, which numbers two documents have,
 * and which were given to documents that are lost.
 *
 * @returns whether there are any
 * @throws UsageError when the day is in the future
 */
export async function findings({ date, merchant, json, ...place }: Options): Promise<boolean> {
  const { stage } = place;
  const now = new Date();
  if (date !== undefined) requirePastDay(date, now);
  const cloud = await cloudOf(place);
  const asked = { date, merchantId: merchant };
  const all = await findingsOf(cloud, asked, now);
  const { from, lacks, misfits, refusals, entriesWithoutEvent, lostNumbers, findings: found } = all;
  const isAny = isAnythingIn(all);
  if (json) {
    const parts = found.map(({ id, type, merchantid, time, data }) => ({
      id,
      type,
      merchantId: merchantid,
      foundAt: time,
      ...data,
    }));
    printJson({ stage, from, lacks, misfits, refusals, entriesWithoutEvent, lostNumbers, findings: parts });
    return isAny;
  }
  for (const { heading, lines } of sectionsOf(cloud, all)) {
    print(heading, ...lines.map((line) => `  ${line}`), '');
  }
  if (found.length === 0) {
    print(`Nothing was found missing in ${stage}${date ? ` on ${date}` : ` since ${from}`}.`);
  } else {
    print(
      'Whether a missing event was fixed is in the log of the consumer that found it: `reconciliation mended` or `gap mended`.',
    );
  }
  return isAny;
}

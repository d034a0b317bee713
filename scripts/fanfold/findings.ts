import { auditGapFound } from '@fanfold/contracts/audit';
import { billingReconciliationFailed } from '@fanfold/contracts/billing';
import type { EventOf } from '@fanfold/contracts/event';
import { requirePastDay } from './arguments.ts';
import { cloudOf } from './cloud.ts';
import { type Indexed, indexOf, textsOf } from './log.ts';
import { print, printJson } from './terminal.ts';

type Options = { stage: string; date?: string; merchant?: string; json?: true };

const kinds = [billingReconciliationFailed, auditGapFound] as const;
type Finding = EventOf<(typeof kinds)[number]>;

/** Without `--date`: findings of so many days, back from now. */
const defaultDays = 7;

/**
 * `fanfold findings`: tells which days were found not to be complete, from what audit has recorded. Whether one is mended
 * is not said by an event, so it cannot be told from there.
 *
 * @returns whether there are any
 * @throws UsageError when the day is in the future
 */
export async function findings({ stage, date, merchant, json }: Options): Promise<boolean> {
  const now = new Date();
  if (date !== undefined) requirePastDay(date, now);
  // A day is compared after it, or any time later when its closing was late or is sent again.
  const from = date
    ? `${date}T00:00:00.000Z`
    : new Date(now.getTime() - defaultDays * 86_400_000).toISOString();
  const range = { from, to: now.toISOString(), ...(merchant && { merchantId: merchant }) };
  const cloud = await cloudOf(stage);
  const indexes = await Promise.all(kinds.map(({ type }) => indexOf(cloud, { ...range, type })));
  const found: Finding[] = [];
  for await (const texts of textsOf(cloud, newestOf(indexes.flat()))) {
    found.push(...texts.flatMap(({ text }) => (text === null ? [] : (JSON.parse(text) as Finding))));
  }
  const shown = found.filter(({ data }) => date === undefined || data.date === date);
  if (json) {
    const parts = shown.map(({ id, type, merchantid, time, data }) => ({
      id,
      type,
      merchantId: merchantid,
      foundAt: time,
      ...data,
    }));
    printJson({ stage, from, findings: parts });
  } else if (shown.length === 0) {
    print(`Nothing was found missing in ${stage}${date ? ` on ${date}` : ` since ${from}`}.`);
  } else {
    print(...shown.flatMap((finding) => [...linesOf(finding), '']));
    print(
      'That one is mended is not published: the log of the consumer that found it has `reconciliation mended` or `gap mended`.',
    );
  }
  return shown.length > 0;
}

/** Of each subject, a merchant's day at a service, the last thing that was found, in the order of the log. */
function newestOf(events: Indexed[]): Indexed[] {
  const bySubject = new Map<string, Indexed>();
  for (const event of events.toSorted((a, b) => a.position - b.position)) {
    const key = JSON.stringify([event.merchantId, event.id.slice(0, event.id.lastIndexOf(':'))]);
    bySubject.delete(key);
    bySubject.set(key, event);
  }
  return [...bySubject.values()];
}

/** A finding as it is read: what it is about, and each number that differs. */
export function linesOf(finding: Finding): string[] {
  const { type, merchantid, time, id, data } = finding;
  return [`${data.date}  ${merchantid}  ${type}`, ...differencesOf(finding), `found ${time}, ${id}`].map(
    (line, i) => (i === 0 ? line : `  ${line}`),
  );
}

function differencesOf({ data }: Finding): string[] {
  if ('expected' in data) {
    const { expected, found } = data;
    const currencies = new Set([...Object.keys(expected.totals), ...Object.keys(found.totals)]);
    const amounts = [...currencies].sort().flatMap((currency) =>
      (['captured', 'refunded'] as const).map((what) => ({
        what: `${currency} ${what}, in minor units`,
        expected: expected.totals[currency]?.[what] ?? 0,
        found: found.totals[currency]?.[what] ?? 0,
      })),
    );
    return [
      { what: 'captures', expected: expected.captures, found: found.captures },
      { what: 'refunds', expected: expected.refunds, found: found.refunds },
      ...amounts,
    ]
      .filter((each) => each.expected !== each.found)
      .map((each) => `${each.what}: ${each.expected} expected, ${each.found} found`);
  }
  const named = data.missing.length;
  return [
    ...Object.entries(data.counts).map(
      ([type, { expected, found }]) => `${type}: ${expected} expected, ${found} found`,
    ),
    ...data.missing.map((id) => `missing: ${id}`),
    ...(data.missingCount > named ? [`missing: ${data.missingCount - named} more, which are not named`] : []),
  ];
}

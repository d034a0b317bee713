import { namedNumbers } from '../aws/auditLog.ts';
import { cloudOf } from '../aws/cloud.ts';
import { commandFor } from '../commandFor.ts';
import { dayOf, type Finding, findingsOf } from '../operations/findings.ts';
import { print, printJson } from '../terminal.ts';
import { requirePastDay } from './past.ts';

type Options = { stage: string; region?: string; date?: string; merchant?: string; json?: true };

/**
 * `fanfold findings`: shows which tables were put back to an earlier time, what of the audit log does not fit, how many of its
 * entries have no event, which days were found not to be complete, which numbers two documents have, and which were given to
 * documents that are lost.
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
  const { lostNumbers, ...shown } = await findingsOf(cloud, asked, now);
  const { from, lacks, misfits, entriesWithoutEvent, findings: found } = shown;
  const { inTables, nowhereElse } = entriesWithoutEvent;
  // What is lost for good is no finding for ever, as nobody can bring it back.
  const isAny = lacks.length + misfits.length + inTables + lostNumbers.length + found.length > 0;
  if (json) {
    const parts = found.map(({ id, type, merchantid, time, data }) => ({
      id,
      type,
      merchantId: merchantid,
      foundAt: time,
      ...data,
    }));
    printJson({ stage, from, lacks, misfits, entriesWithoutEvent, lostNumbers, findings: parts });
    return isAny;
  }
  for (const { service, lack } of lacks) {
    print(
      `The table of ${service} was put back to an earlier time, so ${service} writes nothing, and its messages wait:`,
      `  ${lack}`,
      `  Bring it back: ${commandFor(cloud, `restore ${service}`)}. See docs/operations.md, "A table was put back".`,
      '',
    );
  }
  if (misfits.length > 0) {
    print(
      'The audit log does not fit, so it is not signed any more, and new events have no proofs:',
      ...misfits.map((misfit) => `  ${misfit}`),
      '  What to do is in docs/audit-log.md, "The log does not fit".',
      '',
    );
  }
  if (inTables + nowhereElse > 0) {
    print(
      "Entries of the log have no event, since audit's table was put back:",
      ...(inTables === 0
        ? []
        : [
            `  ${inTables.toLocaleString('en-US')} of payments and billing: bring them back by ${commandFor(cloud, 'restore audit')}. See docs/restore.md, "Audit's table"`,
          ]),
      ...(nowhereElse === 0
        ? []
        : [
            `  ${nowhereElse.toLocaleString('en-US')} that no other table has: unless their messages still wait, these events are lost`,
          ]),
      '',
    );
  }
  for (const lost of lostNumbers) {
    print(
      `${namedNumbers(lost)}: given, and the ${lost.first === lost.last ? 'document is' : 'documents are'} lost.`,
      `  Found by a restore at ${lost.foundAt}. What to do is in docs/restore.md, "Lost numbers".`,
      '',
    );
  }
  if (found.length === 0) {
    print(`Nothing was found missing in ${stage}${date ? ` on ${date}` : ` since ${from}`}.`);
  } else {
    print(...found.flatMap((finding) => [...linesOf(finding), '']));
    print(
      'Whether a missing event was fixed is in the log of the consumer that found it: `reconciliation mended` or `gap mended`.',
    );
  }
  return isAny;
}

/** A finding as it is read: what it is about, and each number that differs. */
export function linesOf(finding: Finding): string[] {
  const { type, merchantid, time, id } = finding;
  return [`${dayOf(finding)}  ${merchantid}  ${type}`, ...differencesOf(finding), `found ${time}, ${id}`].map(
    (line, i) => (i === 0 ? line : `  ${line}`),
  );
}

function parkedLinesOf(parked: Extract<Finding['data'], { expected: unknown }>['parked']): string[] {
  if (!parked) return [];
  const { captures, refunds, missing } = parked;
  return [
    `of these ${captures} captures and ${refunds} refunds wait for a seller. They get their documents within minutes of PUT /seller`,
    ...missing.map(({ pointer, rule, message }) => `${pointer} ${message} (${rule})`),
  ];
}

function differencesOf({ data }: Finding): string[] {
  if ('documents' in data) {
    const what =
      'Two documents have this number. What to do is in docs/operations.md, "A number is there twice".';
    return [`${data.number}: ${data.documents.join(', then ')}`, what];
  }
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
      .map((each) => `${each.what}: ${each.expected} expected, ${each.found} found`)
      .concat(parkedLinesOf(data.parked));
  }
  const named = data.missing.length;
  return [
    ...Object.entries(data.counts).map(
      ([type, { expected, found }]) => `${type}: ${expected} expected, ${found} found`,
    ),
    ...data.missing.map((id) => `missing: ${id}`),
    ...(data.missingCount > named ? [`missing: ${data.missingCount - named} more, not listed`] : []),
  ];
}

import { namedNumbers } from '../aws/auditLog.ts';
import { commandFor, type StagePlace } from '../commandFor.ts';
import { dayOf, type Finding, type Found } from './findings.ts';

/** Something that was found, as people read it: what it is, what is known of it, and what to do. */
export type FindingSection = { heading: string; lines: string[] };

/** Everything that was found: what is wrong now first, then what was found of days. */
export const sectionsOf = (place: StagePlace, found: Found): FindingSection[] => [
  ...found.lacks.map(({ service, lack }) => ({
    heading: `The table of ${service} was put back to an earlier time, so ${service} writes nothing, and its messages wait:`,
    lines: [
      lack,
      `Bring it back: ${commandFor(place, `restore ${service}`)}. See docs/operations.md, "A table was put back".`,
    ],
  })),
  ...misfitSections(found),
  ...refusalSections(found),
  ...openSections(place, found),
  ...found.lostNumbers.map((lost) => ({
    heading: `${namedNumbers(lost)}: given, and the ${lost.first === lost.last ? 'document is' : 'documents are'} lost.`,
    lines: [`Found by a restore at ${lost.foundAt}. What to do is in docs/restore.md, "Lost numbers".`],
  })),
  ...found.findings.map((finding) => sectionOf(place, finding)),
];

const misfitSections = ({ misfits }: Found): FindingSection[] =>
  misfits.length === 0
    ? []
    : [
        {
          heading: 'The audit log does not fit, so it is not signed any more, and new events have no proofs:',
          lines: [...misfits, 'What to do is in docs/audit-log.md, "The log does not fit".'],
        },
      ];

const refusalSections = ({ refusals }: Found): FindingSection[] =>
  refusals.length === 0
    ? []
    : [
        {
          heading: 'Witnesses refuse to cosign the audit log:',
          lines: [...refusals, 'What to do is in docs/audit-log.md, "A witness refuses".'],
        },
      ];

function openSections(
  place: StagePlace,
  { entriesWithoutEvent: { inTables, nowhereElse } }: Found,
): FindingSection[] {
  if (inTables + nowhereElse === 0) return [];
  const lines = [
    ...(inTables === 0
      ? []
      : [
          `${inTables.toLocaleString('en-US')} of payments and billing: bring them back by ${commandFor(place, 'restore audit')}. See docs/restore.md, "Audit's table"`,
        ]),
    ...(nowhereElse === 0
      ? []
      : [
          `${nowhereElse.toLocaleString('en-US')} that no other table has: unless their messages still wait, these events are lost`,
        ]),
  ];
  return [{ heading: "Entries of the log have no event, since audit's table was put back:", lines }];
}

/** What it is about, each number that differs, and how what is missing comes back. */
function sectionOf(place: StagePlace, finding: Finding): FindingSection {
  const { type, merchantid, time, id } = finding;
  const again = comingBack(place, finding);
  return {
    heading: `${dayOf(finding)}  ${merchantid}  ${type}`,
    lines: [...differencesOf(finding), `found ${time}, ${id}`, ...(again ? [again] : [])],
  };
}

/** The way on which an event most probably comes back: docs/operations.md, "An event is missing". */
function comingBack(place: StagePlace, finding: Finding): string | undefined {
  const { data, merchantid } = finding;
  if ('documents' in data || 'kind' in data) return undefined;
  const day = dayOf(finding);
  const after = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
  const command =
    'expected' in data
      ? `replay --from ${day}T00:00:00Z --to ${after}T00:00:00Z --merchant ${merchantid} --to-queue billing`
      : `republish --date ${day} --merchant ${merchantid}`;
  return `What is missing may wait: ${commandFor(place, 'dlq list')}. If not, send it again: ${commandFor(place, command)}. See docs/operations.md, "An event is missing".`;
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
      (['captured', 'refunded', 'reversed'] as const).map((what) => ({
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
  if ('kind' in data) return [...providerLinesOf(data), 'What to do is in docs/stripe.md, "Differences".'];
  const named = data.missing.length;
  return [
    ...Object.entries(data.counts).map(
      ([type, { expected, found }]) => `${type}: ${expected} expected, ${found} found`,
    ),
    ...data.missing.map((id) => `missing: ${id}`),
    ...(data.missingCount > named ? [`missing: ${data.missingCount - named} more, not listed`] : []),
  ];
}

/** Where the payment provider and payments differ. Amounts are as they are in events, in minor units. */
function providerLinesOf({
  kind,
  paymentId,
  reference,
  movement,
  dispute,
  since,
  count = 0,
}: Extract<Finding['data'], { kind: unknown }>): string[] {
  const of = [paymentId ?? 'no known payment', ...(reference ? [`${reference} at the provider`] : [])].join(
    ', ',
  );
  switch (kind) {
    case 'only-at-provider': {
      const { type, amount, currency, id, refundId } = movement ?? {};
      const what = `${type} of ${amount} ${currency}, in minor units (${id}${refundId ? `, ${refundId}` : ''})`;
      return [`moved at the provider, and payments does not have it so: ${what}, of ${of}`];
    }
    case 'only-in-payments':
      return [`captured or refunded as payments has it, and the provider does not: ${of}`];
    case 'dispute-decided-otherwise':
      return [
        `dispute ${dispute?.id} of ${of}: ${dispute?.atProvider} at the provider, ${dispute?.inPayments} in payments`,
      ];
    case 'not-observable':
      return [`nothing could be learned of it since ${since}, and its news were left out: ${of}`];
    case 'not-listed':
      return [`${count.toLocaleString('en-US')} more differences of the day, which only the log names`];
  }
}

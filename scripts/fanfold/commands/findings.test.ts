import { readFileSync } from 'node:fs';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it, vi } from 'vitest';
import { UsageError } from '../errors.ts';
import { findings } from './findings.ts';

const sts = mockClient(STSClient);
const sns = mockClient(SNSClient);
const lambda = mockClient(LambdaClient);
const print = vi.spyOn(console, 'log');

const example = (type: string) =>
  JSON.parse(
    readFileSync(new URL(`../../../packages/contracts/examples/${type}.json`, import.meta.url), 'utf8'),
  );
const gap = example('audit.gap-found.v1');
const numberTwice = example('audit.number-twice.v1');
const failure = example('billing.reconciliation-failed.v1');
const difference = example('payments.difference-found.v1');
const again = {
  ...failure,
  id: failure.id.replace(/1$/, '2'),
  data: { ...failure.data, found: failure.data.expected },
};
const ofAnotherDay = { ...gap, id: 'gap_2026-03-09_acme:1', data: { ...gap.data, date: '2026-03-09' } };

/** What of the log does not fit. */
let misfits: string[];
/** Why witnesses refuse it. */
let refusals: string[] | undefined;
/** How many entries of the log have no event, by type. */
let open: Record<string, number>;
/** What tables lack, by the service that is asked. */
let lacks: Record<string, string>;
/** Which numbers a restore has found lost. */
let lost: object[];

/** Gives audit these events, in this order. */
function recorded(...events: (typeof gap)[]): void {
  lambda.on(InvokeCommand).callsFake(({ FunctionName, Payload }) => {
    const request = JSON.parse(Payload);
    const lack = lacks[FunctionName.split('-')[1]] ?? null;
    const index = events.map(({ id, type, merchantid }, position) => ({
      id,
      type,
      merchantId: merchantid,
      position,
    }));
    const answer =
      request.read === 'log' || request.read === 'lack'
        ? { misfits, lack, refusals }
        : request.restore === 'open'
          ? { count: Object.values(open).reduce((sum, each) => sum + each, 0), days: { '2026-03-03': open } }
          : request.read === 'lost'
            ? { numbers: lost }
            : request.read === 'index'
              ? { events: index.filter(({ type }) => type === request.type) }
              : request.events.map(({ position }: { position: number }) => ({
                  position,
                  text: JSON.stringify(events[position]),
                }));
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
}
const printed = () => print.mock.calls.flat().join('\n');
const requests = () =>
  lambda.commandCalls(InvokeCommand).map(({ args }) => JSON.parse(args[0].input.Payload as never));

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-03-10T12:00:00.000Z') });
  print.mockReset().mockReturnValue();
  misfits = [];
  refusals = [];
  open = {};
  lacks = {};
  lost = [];
  for (const client of [sts, sns, lambda]) client.reset();
  sts
    .on(GetCallerIdentityCommand)
    .resolves({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/ada' });
  sns.on(ListTopicsCommand).resolves({
    Topics: [{ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:fanfold-test-events' }],
  });
});

it('are told with whom and when they are about, each number that differs, and ids that are missing', async () => {
  recorded(failure, { ...gap, data: { ...gap.data, missingCount: 3 } });
  expect(await findings({ stage: 'test' })).toBe(true);
  const again =
    'What is missing may wait: `fanfold dlq list --stage test --region eu-west-1`. If not, send it again:';
  const page = 'See docs/operations.md, "An event is missing".';
  expect(printed().split('\n').slice(0, 12)).toEqual([
    '2026-03-03  acme  billing.reconciliation-failed.v1',
    '  captures: 1 expected, 0 found',
    '  EUR captured, in minor units: 12100 expected, 0 found',
    `  found ${failure.time}, rec_2026-03-03_acme:1`,
    `  ${again} \`fanfold replay --from 2026-03-03T00:00:00Z --to 2026-03-04T00:00:00Z --merchant acme --to-queue billing --stage test --region eu-west-1\`. ${page}`,
    '',
    '2026-03-03  acme  audit.gap-found.v1',
    '  payment.captured.v1: 1 expected, 0 found',
    '  missing: pay_cf1257938058b70cca1e5d416b017ac0:2',
    '  missing: 2 more, not listed',
    `  found ${gap.time}, ${gap.id}`,
    `  ${again} \`fanfold republish --date 2026-03-03 --merchant acme --stage test --region eu-west-1\`. ${page}`,
  ]);
});

it('name refunds that failed and were not charged again', async () => {
  const day = (reversed: object) => ({
    captures: 1,
    refunds: 1,
    totals: { EUR: { captured: 100, refunded: 100, ...reversed } },
  });
  recorded({ ...failure, data: { ...failure.data, expected: day({ reversed: 100 }), found: day({}) } });
  expect(await findings({ stage: 'test' })).toBe(true);
  expect(printed().split('\n').slice(1, 3)).toEqual([
    '  EUR reversed, in minor units: 100 expected, 0 found',
    expect.stringContaining('found'),
  ]);
});

it('of the payment provider say what each side has, and where it is said what to do', async () => {
  const { paymentId, reference, movement } = difference.data;
  const about = { date: '2026-03-03', paymentId, reference };
  const told = [
    [
      difference.data,
      `moved at the provider, and payments does not have it so: refund of 4000 EUR, in minor units (${movement.id}), of ${paymentId}, ${reference} at the provider`,
    ],
    [
      { ...about, kind: 'only-in-payments', reference: null },
      `captured or refunded as payments has it, and the provider does not: ${paymentId}`,
    ],
    [
      {
        ...{ ...about, kind: 'dispute-decided-otherwise' },
        dispute: { id: 'dp_1', atProvider: 'won', inPayments: 'lost' },
      },
      `dispute dp_1 of ${paymentId}, ${reference} at the provider: won at the provider, lost in payments`,
    ],
    [
      { ...about, kind: 'not-observable', paymentId: null, since: '2026-03-03T10:00:00.000Z' },
      `nothing could be learned of it since 2026-03-03T10:00:00.000Z, and its news were left out: no known payment, ${reference} at the provider`,
    ],
    [
      { ...about, kind: 'not-listed', count: 1200 },
      '1,200 more differences of the day, which only the log names',
    ],
  ] as const;
  recorded(...told.map(([data], n) => ({ ...difference, id: `dif_${n}:1`, data })));
  expect(await findings({ stage: 'test', date: '2026-03-03' })).toBe(true);
  expect(printed().split('\n')).toEqual([
    ...told.flatMap(([, line], n) => [
      '2026-03-03  acme  payments.difference-found.v1',
      `  ${line}`,
      '  What to do is in docs/stripe.md, "Differences".',
      `  found ${difference.time}, dif_${n}:1`,
      '',
    ]),
    expect.any(String),
  ]);
});

it('of a number name both documents that have it, on the day on which that was found', async () => {
  recorded(numberTwice);
  expect(await findings({ stage: 'test', date: '2026-03-03' })).toBe(true);
  const [first, second] = numberTwice.data.documents;
  expect(printed().split('\n').slice(0, 4)).toEqual([
    '2026-03-03  acme  audit.number-twice.v1',
    `  INV-2026-000017: ${first}, then ${second}`,
    '  Two documents have this number. What to do is in docs/operations.md, "A number is there twice".',
    `  found ${numberTwice.time}, ${numberTwice.id}`,
  ]);
  print.mockClear();
  expect(await findings({ stage: 'test', date: '2026-03-04' })).toBe(false);
});

it('name numbers that were given to documents which are lost, as long as other findings, and of a day and a merchant', async () => {
  recorded();
  lost = [
    { merchantId: 'acme', name: 'INV-2026', first: 17, last: 25, foundAt: '2026-03-04T10:00:00.000Z' },
    { merchantId: 'globex', name: 'CN-2026', first: 3, last: 3, foundAt: '2026-03-02T10:00:00.000Z' },
  ];
  expect(await findings({ stage: 'test' })).toBe(true);
  expect(printed().split('\n').slice(0, 3)).toEqual([
    'INV-2026-000017 to 000025 of acme: given, and the documents are lost.',
    '  Found by a restore at 2026-03-04T10:00:00.000Z. What to do is in docs/restore.md, "Lost numbers".',
    '',
  ]);
  expect(printed()).not.toContain('globex');
  print.mockClear();
  expect(await findings({ stage: 'test', date: '2026-03-02' })).toBe(true);
  expect(printed()).toContain('CN-2026-000003 of globex: given, and the document is lost.');
  expect(await findings({ stage: 'test', merchant: 'globex' })).toBe(false);
});

it('cannot write on the terminal what is recorded of them', async () => {
  const missing = ['pay_1:1\n2026-03-03  acme  all is well', '\u001b[2J\u202e'];
  recorded({ ...gap, data: { ...gap.data, missing } });
  await findings({ stage: 'test' });
  expect(printed()).toContain('\n  missing: pay_1:1\\n2026-03-03  acme  all is well\n');
  expect(printed()).toContain('  missing: \\u{1b}[2J\\u{202e}\n');
});

it('of a day are those of that day, whenever they were found; of a day that was found twice the newest', async () => {
  recorded(failure, ofAnotherDay, again);
  expect(await findings({ stage: 'test', date: '2026-03-03', json: true })).toBe(true);
  expect(JSON.parse(printed())).toEqual({
    stage: 'test',
    from: '2026-03-03T00:00:00.000Z',
    lacks: [],
    misfits: [],
    refusals: [],
    entriesWithoutEvent: { inTables: 0, nowhereElse: 0 },
    lostNumbers: [],
    findings: [{ id: again.id, type: again.type, merchantId: 'acme', foundAt: again.time, ...again.data }],
  });
});

it('are none when there are none, of the last seven days and of both services', async () => {
  recorded();
  expect(await findings({ stage: 'test', merchant: 'acme' })).toBe(false);
  expect(printed()).toBe('Nothing was found missing in test since 2026-03-03T12:00:00.000Z.');
  const asked = {
    read: 'index',
    from: '2026-03-03T12:00:00.000Z',
    to: '2026-03-10T12:00:00.000Z',
    merchantId: 'acme',
  };
  expect(requests()).toEqual([
    { read: 'log' },
    { restore: 'open' },
    { read: 'lack' },
    { read: 'lack' },
    { read: 'lost' },
    { ...asked, type: 'payments.difference-found.v1' },
    { ...asked, type: 'billing.reconciliation-failed.v1' },
    { ...asked, type: 'audit.gap-found.v1' },
    { ...asked, type: 'audit.number-twice.v1' },
  ]);
});

it('of the log say why it cannot be signed and what to do, whatever day is asked for', async () => {
  recorded();
  misfits = ['The log has 103 entries, and 124 are published'];
  expect(await findings({ stage: 'test', date: '2026-03-03', merchant: 'acme' })).toBe(true);
  expect(printed().split('\n')).toEqual([
    'The audit log does not fit, so it is not signed any more, and new events have no proofs:',
    '  The log has 103 entries, and 124 are published',
    '  What to do is in docs/audit-log.md, "The log does not fit".',
    '',
    'Nothing was found missing in test on 2026-03-03.',
  ]);
  print.mockClear();
  expect(await findings({ stage: 'test', json: true })).toBe(true);
  expect(JSON.parse(printed())).toMatchObject({ misfits, findings: [] });
});

it('of the log say which witnesses refuse it, if what is deployed knows any', async () => {
  recorded();
  refusals = ['witness.example/w1 answered 404: it does not know this log'];
  expect(await findings({ stage: 'test' })).toBe(true);
  expect(printed().split('\n').slice(0, 4)).toEqual([
    'Witnesses refuse to cosign the audit log:',
    '  witness.example/w1 answered 404: it does not know this log',
    '  What to do is in docs/audit-log.md, "A witness refuses".',
    '',
  ]);
  refusals = undefined;
  expect(await findings({ stage: 'test' })).toBe(false);
});

it('of a table that was put back say what it lacks, and the command that brings it back', async () => {
  recorded();
  const lack = 'The table lacks what was written between 13:20 and 13:27: it was put back';
  lacks = { billing: lack, audit: 'The log has 103 entries, and 124 are published' };
  expect(await findings({ stage: 'test', date: '2026-03-03' })).toBe(true);
  expect(printed().split('\n').slice(0, 7)).toEqual([
    'The table of billing was put back to an earlier time, so billing writes nothing, and its messages wait:',
    `  ${lack}`,
    '  Bring it back: `fanfold restore billing --stage test --region eu-west-1`. See docs/operations.md, "A table was put back".',
    '',
    'The table of audit was put back to an earlier time, so audit writes nothing, and its messages wait:',
    '  The log has 103 entries, and 124 are published',
    '  Bring it back: `fanfold restore audit --stage test --region eu-west-1`. See docs/operations.md, "A table was put back".',
  ]);
  print.mockClear();
  expect(await findings({ stage: 'test', json: true })).toBe(true);
  expect(JSON.parse(printed()).lacks).toEqual([
    { service: 'billing', lack },
    { service: 'audit', lack: lacks.audit },
  ]);
});

it('of a restored log say how many entries still have no event, whatever day is asked for', async () => {
  recorded();
  open = { 'payment.captured.v1': 4, 'invoice.issued.v1': 1, 'audit.gap-found.v1': 1 };
  expect(await findings({ stage: 'test', date: '2026-03-03' })).toBe(true);
  expect(printed().split('\n').slice(0, 3)).toEqual([
    "Entries of the log have no event, since audit's table was put back:",
    '  5 of payments and billing: bring them back by `fanfold restore audit --stage test --region eu-west-1`. See docs/restore.md, "Audit\'s table"',
    '  1 that no other table has: unless their messages still wait, these events are lost',
  ]);
  print.mockClear();
  expect(await findings({ stage: 'test', json: true })).toBe(true);
  expect(JSON.parse(printed())).toMatchObject({
    entriesWithoutEvent: { inTables: 5, nowhereElse: 1 },
    findings: [],
  });
  open = { 'audit.gap-found.v1': 1 };
  expect(await findings({ stage: 'test' })).toBe(false);
});

it('of a day that has not begun are not asked for', async () => {
  await expect(findings({ stage: 'test', date: '2026-03-11' })).rejects.toThrow(UsageError);
});

import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it, vi } from 'vitest';
import { exportRequest } from '../../../services/audit/src/query/exportRequest.ts';
import { UsageError } from '../errors.ts';
import { trace } from './trace.ts';

const sts = mockClient(STSClient);
const sns = mockClient(SNSClient);
const lambda = mockClient(LambdaClient);
const print = vi.spyOn(console, 'log');

/** An event whose subject has as many characters as one can have. */
const subject = `pay_${'x'.repeat(124)}`;
const captured = {
  id: `${subject}:1`,
  type: 'payment.captured.v1',
  subject,
  merchantid: 'acme',
  correlationid: 'req_1',
  causationid: 'req_1',
  time: '2026-11-23T10:00:00.000Z',
  recordedat: '2026-11-23T10:00:01.000Z',
  position: 0,
  data: {},
};
const ordered = {
  ...captured,
  id: 'op_1:1',
  subject: 'op_1',
  merchantid: '_operator',
  correlationid: 'op_1',
  type: 'operation.ordered.v1',
};
/** Of an event that was erased there is neither what caused it nor what it said. */
const { causationid: _, ...left } = captured;
const erased = { ...left, id: 'pay_1:1', subject: 'pay_1', correlationid: 'req_2', data: null, erased: true };
const recorded = [captured, ordered, erased];

/** What billing knows. */
const ids: Record<string, string[]> = { 'order 1001': [subject], 'INV-2026-000001': [subject] };

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  print.mockReset().mockReturnValue();
  for (const client of [sts, sns, lambda]) client.reset();
  sts.on(GetCallerIdentityCommand).resolves({ Account: '123456789012', Arn: 'arn:aws:iam::1:user/ada' });
  sns.on(ListTopicsCommand).resolves({
    Topics: [{ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:fanfold-test-events' }],
  });
  lambda.on(InvokeCommand).callsFake(({ FunctionName, Payload }) => {
    const answer = FunctionName.endsWith('findDocuments') ? found(Payload) : exported(Payload);
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
});

const found = (payload: string) => {
  const { orderId, number } = JSON.parse(payload);
  return { ids: ids[orderId ?? number] ?? [] };
};

/** What audit answers, which checks what it is asked. */
function exported(payload: string): unknown {
  const request = exportRequest.parse(JSON.parse(payload));
  if (!('merchantId' in request)) throw new Error('of all merchants');
  const ofMerchant = recorded.filter(({ merchantid }) => merchantid === request.merchantId);
  if (request.read === 'event') return ofMerchant.find(({ id }) => id === request.id) ?? null;
  if (request.read !== 'events') throw new Error(`${request.read} is not asked for`);
  const { subject, correlationId, type } = request.query;
  const data = ofMerchant.filter(
    (each) =>
      (subject ?? each.subject) === each.subject &&
      (correlationId ?? each.correlationid) === each.correlationid &&
      (type ?? each.type) === each.type,
  );
  return { data, hasMore: false };
}

const printed = () => print.mock.calls.flat().join('\n');

it.each([
  ['the longest id of a subject', subject],
  ['the longest id of an event', captured.id],
  ['a request', 'req_1'],
  ['an order, as its merchant writes it', 'order 1001'],
  ['the number of an invoice', 'INV-2026-000001'],
])('%s is found in a stage in AWS', async (_, id) => {
  await trace(id, { stage: 'test', merchant: 'acme', json: true });
  expect(JSON.parse(printed())).toMatchObject({
    stage: 'test',
    id,
    flows: [{ correlationId: 'req_1', events: [{ event: { id: captured.id } }] }],
  });
});

it('an operation is found without a merchant', async () => {
  await trace('op_1', { stage: 'test' });
  expect(printed()).toContain('operation.ordered.v1');
});

it('anything else in AWS needs one: there is no merchant whom everybody means', async () => {
  await expect(trace('pay_1', { stage: 'test' })).rejects.toThrow(UsageError);
});

it('what was erased is shown as far as it is known, and called erased', async () => {
  await trace('pay_1', { stage: 'test', merchant: 'acme' });
  expect(printed()).toMatch(/payment\.captured\.v1 +pay_1:1 +recorded \+1,000 ms, erased\n/);
  expect(printed()).toContain('nobody can read the content');
});

it.each(['x'.repeat(129), 'x'.repeat(160), `re_${'x'.repeat(126)}`, 'INV-2026-000002', 'order-1002'])(
  'what nobody knows is not found, and what it could have been is told: %s',
  async (id) => {
    await expect(trace(id, { stage: 'test', merchant: 'acme' })).rejects.toThrow(
      new RegExp(
        `^Nothing is recorded of ${id} for the merchant acme in test\\. It can be the id of a payment`,
      ),
    );
  },
);

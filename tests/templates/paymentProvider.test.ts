import { resolveTemplate } from '@fanfold/local-cloud/template';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleFunctionsOf, type FunctionBundle } from './functionBundles.ts';
import { templateFor } from './stacks.ts';

// biome-ignore lint/suspicious/noExplicitAny: CloudFormation's properties are as many as AWS has
type Resources = Record<string, { Type: string; Properties: any }>;

const functionsWithStripe = ['stripeWebhook', 'observePayment', 'catchUp', 'reconcile'];
const functionsThatCall = [
  'createPayment',
  'capturePayment',
  'cancelPayment',
  'refundPayment',
  'janitor',
  'expiry',
  'restore',
];
const secret = 'secretsmanager:GetSecretValue secret:fanfold/local/stripe-??????';
const marks = [
  's3:GetObject fanfold-local-eu-west-1-bus-marks-000000000000/payments',
  's3:ListBucket fanfold-local-eu-west-1-bus-marks-000000000000',
];

/** What the functions may do that are there with Stripe only, and with what each calls the provider. */
const permissions: Record<string, string[]> = {
  createPayment: [
    'dynamodb:GetItem table/fanfold-local-payments',
    'dynamodb:PutItem table/fanfold-local-payments',
    ...marks,
    secret,
  ],
  stripeWebhook: [secret, 'sqs:SendMessage fanfold-local-payments-webhooks-events'],
  observePayment: [
    'dynamodb:GetItem table/fanfold-local-payments',
    'dynamodb:PutItem table/fanfold-local-payments',
    ...marks,
    secret,
    'sqs:ChangeMessageVisibility fanfold-local-payments-webhooks-events',
    'sqs:DeleteMessage fanfold-local-payments-webhooks-events',
    'sqs:GetQueueAttributes fanfold-local-payments-webhooks-events',
    'sqs:ReceiveMessage fanfold-local-payments-webhooks-events',
    'sqs:SendMessage fanfold-local-payments-webhooks-events-dead-letters',
  ],
  catchUp: [
    'dynamodb:GetItem table/fanfold-local-payments',
    'dynamodb:PutItem table/fanfold-local-payments',
    ...marks,
    secret,
  ],
  reconcile: [
    'dynamodb:BatchGetItem table/fanfold-local-payments',
    'dynamodb:GetItem table/fanfold-local-payments',
    'dynamodb:PutItem table/fanfold-local-payments',
    'dynamodb:Query table/fanfold-local-payments/index/ByDay',
    ...marks,
    secret,
  ],
};

let withStripe: Resources;
let withSandbox: Resources;
let retention: Map<string, string | undefined>;
let bundlesWithStripe: Map<string, FunctionBundle>;
let bundlesWithSandbox: Map<string, FunctionBundle>;
beforeAll(async () => {
  const parameters = { paymentProvider: 'stripe', paymentReturnUrl: 'https://shop.example/paid' };
  const template = await templateFor('payments', 'local', parameters);
  retention = new Map(
    Object.entries(template.Resources as Record<string, { DeletionPolicy?: string }>).map(
      ([name, { DeletionPolicy }]) => [name, DeletionPolicy],
    ),
  );
  withStripe = resolveTemplate(template) as Resources;
  withSandbox = resolveTemplate(await templateFor('payments', 'local')) as Resources;
  const keys = [...functionsThatCall, 'getPayment'];
  bundlesWithStripe = new Map(
    await bundleFunctionsOf('payments', [...keys, ...functionsWithStripe], true, ['stripe']),
  );
  bundlesWithSandbox = new Map(await bundleFunctionsOf('payments', keys, true));
});

const bundleOf = (bundles: Map<string, FunctionBundle>, key: string) =>
  bundles.get(`payments ${key}`) as FunctionBundle;
const resource = (resources: Resources, key: string, suffix: string) =>
  resources[`${key.charAt(0).toUpperCase()}${key.slice(1)}${suffix}`];
const functionOf = (resources: Resources, key: string) => resource(resources, key, 'LambdaFunction');
const listOf = (value: string | string[]) => [value].flat();

type Policy = { PolicyDocument: { Statement: { Action: string | string[]; Resource: string | string[] }[] } };

const grantsOf = (resources: Resources, key: string): string[] =>
  resource(resources, key, 'IamRoleLambdaExecution')
    ?.Properties.Policies.flatMap(({ PolicyDocument }: Policy) => PolicyDocument.Statement)
    .flatMap(({ Action, Resource }: Policy['PolicyDocument']['Statement'][number]) =>
      listOf(Action).flatMap((action) =>
        listOf(Resource).map((name) => `${action} ${name.replace(/^arn:aws:[^:]*:[^:]*:[^:]*:/, '')}`),
      ),
    )
    .filter((grant: string) => !grant.startsWith('logs:'))
    .sort();

describe('A stage with Stripe', () => {
  test.each(Object.keys(permissions))('allows %s what the table says, and no more', (key) => {
    expect(grantsOf(withStripe, key)).toEqual(permissions[key]);
  });

  test.each(functionsThatCall)('gives %s the name of the secret, and no table of the sandbox', (key) => {
    const { Variables } = functionOf(withStripe, key)?.Properties.Environment ?? {};
    expect(Variables).toMatchObject({
      STRIPE_SECRET_NAME: 'fanfold/local/stripe',
      PAYMENT_RETURN_URL: 'https://shop.example/paid',
    });
    expect(Variables).not.toHaveProperty('SANDBOX_TABLE_NAME');
    expect(grantsOf(withStripe, key)).toContain(secret);
    expect(JSON.stringify(grantsOf(withStripe, key))).not.toContain('sandbox');
  });

  test('has an alarm for dead letters, for what waits, for each clock, and for money that one side does not know', () => {
    const alarms = Object.keys(withStripe).filter(
      (name) => withStripe[name]?.Type === 'AWS::CloudWatch::Alarm',
    );
    const more = alarms.filter((name) => !(name in withSandbox));
    expect(more.sort()).toEqual([
      'DeadLettersWebhooksAlarm',
      'ProviderDifferencesAlarm',
      'QueueAgeWebhooksAlarm',
      'ScheduleStoppedCatchUpAlarm',
      'ScheduleStoppedReconcileAlarm',
      'WebhooksRefusedAlarm',
    ]);
  });

  test('has alarms for clocks that stop which wait for a run and two hours more, as runs and hours are not counted on the minute', () => {
    const hoursOf = (name: string) => {
      const {
        Period,
        EvaluationPeriods,
        DatapointsToAlarm = EvaluationPeriods,
      } = withStripe[name]?.Properties ?? {};
      return [EvaluationPeriods * (Period / 3600), DatapointsToAlarm * (Period / 3600)];
    };
    expect(hoursOf('ScheduleStoppedCatchUpAlarm')).toEqual([1 + 2, 1 + 2]);
    expect(hoursOf('ScheduleStoppedReconcileAlarm')).toEqual([24 + 2, 24 + 2]);
  });

  test('keeps, encrypts and takes only over TLS what Stripe has said', () => {
    for (const name of ['WebhooksQueue', 'WebhooksDeadLetterQueue']) {
      expect(retention.get(name)).toBe('RetainExceptOnCreate');
      expect(withStripe[name]?.Properties.SqsManagedSseEnabled).toBe(true);
      expect(withStripe[`${name}Policy`]?.Properties.PolicyDocument.Statement).toMatchObject([
        { Effect: 'Deny', Action: 'sqs:*', Condition: { Bool: { 'aws:SecureTransport': false } } },
      ]);
    }
    const { VisibilityTimeout } = withStripe.WebhooksQueue?.Properties ?? {};
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(
      6 * functionOf(withStripe, 'observePayment')?.Properties.Timeout,
    );
  });

  test('has the webhook among the routes that it knows', () => {
    const { ROUTES } = functionOf(withStripe, 'unknownRoute')?.Properties.Environment.Variables ?? {};
    expect(ROUTES.split(',')).toContain('POST /webhooks/stripe');
  });
});

test('a stage with the sandbox has nothing of Stripe', () => {
  expect(JSON.stringify(withSandbox)).not.toMatch(/stripe|webhook/i);
});

describe('The bundle of a function', () => {
  const has = (bundle: FunctionBundle, folder: string) =>
    bundle.paths.some((path) => path.includes(`/providers/${folder}/`));

  test.each(functionsThatCall)('that calls the provider, %s, has only the one in use', (key) => {
    const [stripe, sandbox] = [bundleOf(bundlesWithStripe, key), bundleOf(bundlesWithSandbox, key)];
    expect([has(stripe, 'stripe'), has(stripe, 'sandbox')]).toEqual([true, false]);
    expect([has(sandbox, 'stripe'), has(sandbox, 'sandbox')]).toEqual([false, true]);
  });

  test('that takes payments is at most a twentieth larger with Stripe; none has its library or the fake', () => {
    const [stripe, sandbox] = [bundlesWithStripe, bundlesWithSandbox].map((each) =>
      bundleOf(each, 'createPayment'),
    );
    expect(Number(stripe?.bytes) / Number(sandbox?.bytes)).toBeLessThanOrEqual(1.05);
    for (const { paths } of bundlesWithStripe.values()) {
      expect(paths.filter((path) => /node_modules\/stripe\/|stripe-fake/.test(path))).toEqual([]);
    }
  });

  test.each(functionsWithStripe)('%s, which only a stage with Stripe has, is small', (key) => {
    expect(bundleOf(bundlesWithStripe, key).bytes).toBeLessThanOrEqual(490 * 1024);
  });

  test.each([...functionsThatCall, ...functionsWithStripe])(
    '%s finds in its environment what it asks for',
    (key) => {
      const { Variables } = functionOf(withStripe, key)?.Properties.Environment ?? {};
      const asked = [
        ...bundleOf(bundlesWithStripe, key).text.matchAll(/process\.env\.((?:STRIPE|PAYMENT)\w+)/g),
      ];
      expect(Object.keys(Variables)).toEqual(expect.arrayContaining(asked.map(([, name]) => name)));
    },
  );
});

import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { signToken } from '@fanfold/local-cloud/issuer';
import { lambdaFunctions, startMappings } from '@fanfold/local-cloud/mappings';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { provision } from '@fanfold/local-cloud/provision';
import { startStack } from '@fanfold/local-cloud/stack';
import { answerOf, apiRequest, contextWith, streamEvent } from '@fanfold/runtime/invocationFixtures';
import { publishStream } from '@fanfold/runtime/publish';
import type { paymentResource } from './paymentResource.ts';

/** A body that asks for a payment of two chairs, at once and in whole. */
export const twoChairs = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1001',
  customer: { name: 'Ada Example', address: { country: 'BE' } },
};

export type ShownPayment = ReturnType<typeof paymentResource>;
/** What a client sees: a payment, a refund, a list or a problem. */
export type Shown = Omit<ShownPayment, 'object' | 'status'> & {
  object: string;
  status: string | number;
  data: ShownPayment[];
  hasMore: boolean;
  code: string;
};

export type Answer = { status: number | undefined; headers: Record<string, string>; body: Shown };

/** What the sandbox provider remembers of one instruction. */
type ProviderRecord = { pk: string; operation?: string; amount?: number; outcome: { result: string } };

/** Runs the service's own functions in this process, on emulators with its own resources. */
export async function startService() {
  const stack = await startStack(await freeBasePort());
  const { endpoints, issuer } = stack.description;
  useEndpoints(endpoints);
  const resources = await templateOf('payments', endpoints.aws);
  await provision(resources, endpoints);
  for (const { Type, Properties } of Object.values(resources)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    Object.assign(process.env, (Properties.Environment as { Variables: Record<string, string> }).Variables);
  }
  process.env.TOKEN_ISSUER = issuer;
  const dynamodb = new DynamoDBClient({});

  /** Runs a function by its key in serverless.yml, for as long as that lets it. */
  async function run(key: string, event: unknown, remainingTimeMs?: number): Promise<unknown> {
    const { handler } = (await import(`./functions/${key}.ts`)) as {
      handler: (event: unknown, context: ReturnType<typeof contextWith>) => Promise<unknown>;
    };
    const timeoutMs = lambdaFunctions(resources).find((known) => known.key === key)?.timeoutMs;
    return handler(event, contextWith(remainingTimeMs ?? timeoutMs));
  }

  type Message = { body: string; messageAttributes: Record<string, { StringValue: string } | undefined> };

  async function messagesIn(queue: string): Promise<Message[]> {
    const response = await fetch(`${endpoints.aws}/_fauxqs/queues/${queue}`);
    return ((await response.json()) as { messages: { ready: Message[] } }).messages.ready;
  }

  return {
    run,

    /** Runs one of the clocks. */
    tick: (key: 'janitor' | 'expiry' | 'dayClose') => run(key, {}),

    /** A merchant's way to the API. */
    async clientOf(merchantId: string, scopes = ['payments:write', 'payments:read']) {
      const token = await signToken({
        issuer,
        subject: 'test',
        merchantId,
        scopes,
        expiresInSeconds: 30 * 86_400,
      });
      let keys = 0;
      const call = async (key: string, parts: Parameters<typeof apiRequest>[0] = {}): Promise<Answer> => {
        const headers = { authorization: `Bearer ${token}`, ...parts.headers };
        return answerOf(
          (await run(key, apiRequest({ ...parts, headers }))) as Parameters<typeof answerOf>[0],
        );
      };
      const post = (key: string, body: unknown, idempotencyKey = `key-${keys++}`, id?: string) =>
        call(key, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
          body: JSON.stringify(body),
          ...(id !== undefined && { pathParameters: { id } }),
        });
      return {
        pay: (changes: Record<string, unknown> = {}, idempotencyKey?: string) =>
          post('createPayment', { ...twoChairs, ...changes }, idempotencyKey),
        capture: (id: string, body: unknown = {}, idempotencyKey?: string) =>
          post('capturePayment', body, idempotencyKey, id),
        cancel: (id: string, body: unknown = {}, idempotencyKey?: string) =>
          post('cancelPayment', body, idempotencyKey, id),
        refund: (id: string, body: unknown = {}, idempotencyKey?: string) =>
          post('refundPayment', body, idempotencyKey, id),
        show: (id: string) => call('getPayment', { pathParameters: { id } }),
        list: (queryStringParameters: Record<string, string> = {}) =>
          call('listPayments', { queryStringParameters }),
      };
    },

    /** What the provider was asked for about a payment, or by a key, and what it made of it. */
    async providerRecords(about: string): Promise<ProviderRecord[]> {
      const { Items = [] } = await dynamodb.send(
        new ScanCommand({
          TableName: String(resources.SandboxTable?.Properties.TableName),
          FilterExpression: 'paymentId = :about OR pk = :about',
          ExpressionAttributeValues: { ':about': { S: about } },
        }),
      );
      return Items.map((item) => unmarshall(item) as ProviderRecord);
    },

    /** Listens to the topic from now on, and gives what has been heard so far. */
    async listen(name: string): Promise<() => Promise<Event[]>> {
      const Listener = { Type: 'AWS::SQS::Queue', Properties: { QueueName: name } };
      const Subscription = {
        Type: 'AWS::SNS::Subscription',
        Properties: {
          TopicArn: resources.EventsSubscription?.Properties.TopicArn,
          Protocol: 'sqs',
          Endpoint: `arn:aws:sqs:eu-west-1:000000000000:${name}`,
          RawMessageDelivery: true,
        },
      };
      await provision({ Listener }, endpoints);
      await provision({ Subscription }, endpoints);
      return async () => (await messagesIn(name)).map(({ body }) => JSON.parse(body));
    },

    /** Says what another service would say, to the topic. */
    say: (event: Event) => publishStream(() => [event])(streamEvent([{}]), contextWith()),

    /** What was put aside by the consumer. */
    deadLetters: () => messagesIn(String(resources.EventsDeadLetterQueue?.Properties.QueueName)),

    /** Starts the mappings of the template, from queue and stream to function. */
    startMappings: () =>
      startMappings({
        resources,
        endpoints,
        invoke: (name, event) =>
          run(lambdaFunctions(resources).find((known) => known.name === name)?.key ?? name, event),
      }),

    async stop() {
      dynamodb.destroy();
      await stack.stop();
    },
  };
}

export type Service = Awaited<ReturnType<typeof startService>>;
export type Client = Awaited<ReturnType<Service['clientOf']>>;

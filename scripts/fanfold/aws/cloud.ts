import { userInfo } from 'node:os';
import { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { KMSClient } from '@aws-sdk/client-kms';
import { GetFunctionConfigurationCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { paginateListTopics, SNSClient } from '@aws-sdk/client-sns';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  paginateListQueues,
  QueueDoesNotExist,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { accountId, clientConfiguration, region as localRegion } from '@fanfold/local-cloud/account';
import { clientSettings } from '@fanfold/runtime/aws';
import { regionOf } from '../../../packages/topology/region.js';
import type { StagePlace } from '../commandFor.ts';
import { UsageError } from '../errors.ts';
import { nameOfFunction, stageOfTopic } from './places.ts';
import { runningStack } from './stack.ts';

/** A stage, wherever it runs. */
export type Cloud = {
  stage: string;
  account: string;
  /** Every stage of the account and region: names of one may begin with another's. */
  stages: string[];
  topicArn: string;
  region: string;
  /** Who gives the orders: the user of the laptop, or the ARN that AWS knows the caller by. */
  operator: string;
  sns: SNSClient;
  sqs: SQSClient;
  s3: S3Client;
  lambdaOf(service: string): LambdaClient;
  /** What switches mappings and schedules: each service of a laptop has its own, AWS has one for all. */
  controls(): { lambda: LambdaClient; events: EventBridgeClient }[];
  /**
   * How long what has begun may go on to write once all that runs these functions is switched off, and its events to be published.
   *
   * @param functionNames of those that write
   */
  settleMs(functionNames: string[]): Promise<number>;
  /** After how long nothing more comes into a queue that is empty, of what is to be published. */
  quietMs: number;
  kms(): KMSClient;
  /**
   * When the oldest message of each of these queues was sent that has any: on a laptop now, in AWS as its metrics say, which are
   * some minutes old.
   */
  oldestIn(queues: string[]): Promise<Map<string, string>>;
};

/**
 * The stage `local` is the stack at FANFOLD_PORT; any other is in AWS.
 *
 * @param region where it is; by default where it would be deployed to
 * @throws UsageError when there is no such stage
 * @throws when the stack does not run, or AWS lets nobody in
 */
export async function cloudOf({ stage, region }: StagePlace): Promise<Cloud> {
  const clients = stage === 'local' ? await localClients() : await awsClients(regionOf(region));
  const topicArns: string[] = [];
  for await (const { Topics = [] } of paginateListTopics({ client: clients.sns }, {})) {
    topicArns.push(...Topics.map(({ TopicArn = '' }) => TopicArn));
  }
  const stages = topicArns.flatMap((arn) => stageOfTopic(arn) ?? []);
  const topicArn = topicArns.find((arn) => stageOfTopic(arn) === stage);
  if (topicArn) return { ...clients, stage, stages, topicArn };
  throw new UsageError(
    `There is no stage ${stage} in ${clients.region}, account ${clients.account}: no topic fanfold-${stage}-events. ` +
      `Check the stage and the region; stages there: ${stages.join(', ') || 'none'}.`,
  );
}

type Clients = Omit<Cloud, 'stage' | 'stages' | 'topicArn'>;

async function localClients(): Promise<Clients> {
  const { endpoints, services, issuer } = await runningStack();
  const settings = clientConfiguration(endpoints.aws);
  return {
    account: accountId,
    region: localRegion,
    operator: userInfo().username,
    sns: new SNSClient(settings),
    // Queue URLs of the emulator have a host that only the emulator knows.
    sqs: new SQSClient({ ...settings, useQueueUrlAsEndpoint: false }),
    s3: new S3Client({ ...settings, forcePathStyle: true }),
    lambdaOf(service) {
      const running = services[service];
      if (running) return new LambdaClient({ ...lambdaSettings, ...clientConfiguration(running.lambdaUrl) });
      throw new Error(
        `${service} is not running at ${issuer}, and one of its functions is needed. Start it.`,
      );
    },
    // The endpoints of a laptop say so once runs have ended; only what they wrote is to be published.
    settleMs: async () => 2_000,
    // Its counts are right at once.
    quietMs: 5_000,
    controls: () =>
      Object.values(services).map(({ lambdaUrl }) => ({
        lambda: new LambdaClient(clientConfiguration(lambdaUrl)),
        events: new EventBridgeClient(clientConfiguration(lambdaUrl)),
      })),
    kms() {
      // A stack that an older version started has none.
      const { kms } = endpoints as typeof endpoints & { kms?: string };
      if (kms) return new KMSClient(clientConfiguration(kms));
      throw new Error(`The stack at ${issuer} has no KMS. Stop it and start \`pnpm dev\` again.`);
    },
    async oldestIn(queues) {
      const found = await Promise.all(
        queues.map(async (queue): Promise<[string, string][]> => {
          const oldest = await oldestInEmulator(endpoints.aws, queue);
          return oldest === undefined ? [] : [[queue, oldest]];
        }),
      );
      return new Map(found.flat());
    },
  };
}

/** The emulator shows its queues to anybody, without receiving from them. */
async function oldestInEmulator(endpoint: string, queue: string): Promise<string | undefined> {
  const response = await fetch(`${endpoint}/_fauxqs/queues/${queue}`);
  if (!response.ok) return undefined;
  type Sent = { sentTimestamp: number };
  const { messages } = (await response.json()) as {
    messages: { ready: Sent[]; delayed: Sent[]; inflight: { message: Sent }[] };
  };
  const { ready, delayed, inflight } = messages;
  const times = [...ready, ...delayed, ...inflight.map(({ message }) => message)].map(
    ({ sentTimestamp }) => sentTimestamp,
  );
  return times.length === 0 ? undefined : new Date(Math.min(...times)).toISOString();
}

/**
 * Who calls AWS, and what its clients are made with.
 *
 * @throws when AWS lets nobody in
 */
export async function signIn(
  region: string,
): Promise<{ account: string; arn: string; settings: typeof clientSettings & { region: string } }> {
  const settings = { ...clientSettings, region };
  const sts = new STSClient(settings);
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({})).catch((error: Error) => {
    throw new Error(
      `AWS refuses access: ${error.message}. Set credentials and a region, for example with AWS_PROFILE and AWS_REGION.`,
    );
  });
  if (!Account || !Arn) throw new Error('AWS returned no account or ARN for your credentials.');
  return { account: Account, arn: Arn, settings };
}

async function awsClients(region: string): Promise<Clients> {
  const { account, arn, settings } = await signIn(region);
  const lambda = new LambdaClient({ ...lambdaSettings, region });
  return {
    account,
    region,
    operator: arn,
    sns: new SNSClient(settings),
    sqs: new SQSClient(settings),
    s3: new S3Client(settings),
    lambdaOf: () => lambda,
    settleMs: (functionNames) => longestRunMs(lambda, functionNames).then((runMs) => runMs + publishingMs),
    quietMs: countedMs + publishingMs,
    controls: () => [{ lambda: new LambdaClient(settings), events: new EventBridgeClient(settings) }],
    kms: () => new KMSClient(settings),
    oldestIn: (queues) => oldestByMetrics(new CloudWatchClient(settings), queues, new Date()),
  };
}

/** How long a stream's records take to their publisher, and some more. */
const publishingMs = 5_000;
/** When a queue's count is right: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html */
const countedMs = 60_000;
/** Closing a day takes longer. It is not waited for: the next run repeats it. */
const longestSettledMs = 60_000;

/**
 * How long a run may last that has begun. AWS does not tell whether a function runs, and a queue's count of what is in flight is
 * right only after longer than a batch may take. So it is as long as the longest of these functions may take.
 */
async function longestRunMs(lambda: LambdaClient, functionNames: string[]): Promise<number> {
  const timeoutsMs = await Promise.all(
    functionNames.map(async (FunctionName) => {
      const { Timeout = 0 } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      return Timeout * 1_000;
    }),
  );
  return Math.min(longestSettledMs, Math.max(...timeoutsMs));
}

/** SQS itself does not tell. Its metric comes each minute, up to three minutes late, for a queue that is used. */
async function oldestByMetrics(
  cloudwatch: CloudWatchClient,
  queues: string[],
  now: Date,
): Promise<Map<string, string>> {
  const { MetricDataResults = [] } = await cloudwatch.send(
    new GetMetricDataCommand({
      StartTime: new Date(now.getTime() - 300_000),
      EndTime: now,
      MetricDataQueries: queues.map((queue, i) => ({
        Id: `q${i}`,
        MetricStat: {
          Metric: {
            Namespace: 'AWS/SQS',
            MetricName: 'ApproximateAgeOfOldestMessage',
            Dimensions: [{ Name: 'QueueName', Value: queue }],
          },
          Period: 60,
          Stat: 'Maximum',
        },
      })),
    }),
  );
  return new Map(
    MetricDataResults.flatMap(({ Id = '', Timestamps = [], Values = [] }): [string, string][] => {
      const [time, ageSeconds] = [Timestamps[0], Values[0]];
      const queue = queues[Number(Id.slice(1))];
      if (!time || !ageSeconds || queue === undefined) return [];
      return [[queue, new Date(time.getTime() - ageSeconds * 1000).toISOString()]];
    }),
  );
}

/** As long as any function may run, and some more for the way: nothing goes over the socket meanwhile. */
export const longestMs = 910_000;
const lambdaSettings = {
  ...clientSettings,
  requestHandler: { ...clientSettings.requestHandler, socketTimeout: longestMs },
};

/**
 * Runs a function of a service and gives its result. It may run twice when its answer gets lost.
 *
 * @param timeoutMs how long to wait for its answer; most functions may take 30 s
 * @throws when it cannot be run, or fails
 */
export async function invoke(
  cloud: Cloud,
  service: string,
  functionKey: string,
  event: unknown,
  timeoutMs = 60_000,
): Promise<unknown> {
  const name = nameOfFunction(cloud.stage, { service, functionKey });
  const { FunctionError, Payload } = await cloud
    .lambdaOf(service)
    .send(new InvokeCommand({ FunctionName: name, Payload: JSON.stringify(event) }), {
      requestTimeout: timeoutMs,
    });
  const answer: unknown = JSON.parse(Payload?.transformToString() || 'null');
  if (!FunctionError) return answer;
  const { errorMessage } = answer as { errorMessage?: string };
  throw new Error(`${name} failed: ${errorMessage ?? FunctionError}. See its log.`);
}

/** @returns undefined when there is no such queue */
export async function queueUrlOf({ sqs }: Cloud, name: string): Promise<string | undefined> {
  try {
    return (await sqs.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl;
  } catch (error) {
    if (error instanceof QueueDoesNotExist) return undefined;
    throw error;
  }
}

/** All queues whose names begin as those of the stage, by name: there may be those of others, such as of `prod-eu` beside `prod`. */
export async function queueUrlsOf({ sqs, stage }: Cloud): Promise<Map<string, string>> {
  const urls = new Map<string, string>();
  // Without a size of pages SQS ends after a thousand queues without a word.
  const pages = paginateListQueues({ client: sqs, pageSize: 1000 }, { QueueNamePrefix: `fanfold-${stage}-` });
  for await (const { QueueUrls = [] } of pages) {
    for (const url of QueueUrls) urls.set(url.slice(url.lastIndexOf('/') + 1), url);
  }
  return urls;
}

/** How many messages are in a queue: waiting, hidden or delayed. Counted approximately, and right once nothing changes. */
export async function messagesIn(cloud: Cloud, name: string): Promise<number> {
  const { Attributes = {} } = await cloud.sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: await queueUrlOf(cloud, name),
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
}

import { S3Client } from '@aws-sdk/client-s3';
import { accountId, clientConfiguration } from '../account.ts';
import type { Endpoints } from '../emulators/emulators.ts';
import { type JsonApi, jsonApi } from '../emulators/jsonApi.ts';
import type { Resource } from '../templates/template.ts';
import {
  eventSourceMapping,
  type QueueMappingProperties,
  type StreamMappingProperties,
} from './eventSourceMapping.ts';
import type { Invocation, Mapping } from './invocation.ts';
import { failureDestination } from './onFailure.ts';
import { startQueueMapping } from './queueMapping.ts';
import { startStreamMapping } from './streamMapping.ts';
import { awsStreamArn } from './streamRecord.ts';
import { type SwitchableMapping, startSwitchableMapping } from './switchableMapping.ts';

export type MappingsOptions = {
  /** The resources of one service, resolved and provisioned. */
  resources: Record<string, Resource>;
  endpoints: Endpoints;
  /**
   * Runs a function, by its name in Lambda, and returns its response. An error named `Throttled` means that it was
   * not run; any other error, that it failed.
   */
  invoke: (functionName: string, event: unknown) => Promise<unknown>;
  /** Called after each invocation. */
  onInvocation?: (invocation: Invocation) => void;
  /** Called with errors around a function; by default they are printed. */
  onError?: (error: Error) => void;
};

/** `idle` resolves when all sources are drained at the same time, so that events between functions are handled too. */
export type Mappings = Mapping & { all: SwitchableMapping[] };

/** The functions of a template: `key` is the name in serverless.yml, `name` the one in Lambda. */
export type LambdaFunction = { logicalId: string; key: string; name: string; timeoutMs: number };

/**
 * Starts every AWS::Lambda::EventSourceMapping of a template that is enabled. Resolves when all their sources are being read.
 *
 * @throws when AWS would refuse a mapping, or its source has not been provisioned.
 */
export async function startMappings(options: MappingsOptions): Promise<Mappings> {
  const { aws, dynamodb } = options.endpoints;
  const apis = {
    dynamodb: jsonApi(dynamodb, 'dynamodb'),
    streams: jsonApi(dynamodb, 'streams'),
    sqs: jsonApi(aws, 'sqs'),
  };
  const clients = { ...apis, s3: new S3Client(clientConfiguration(aws)) };
  let invocations = 0;
  const observed = {
    ...options,
    onInvocation(invocation: Invocation) {
      invocations += 1;
      options.onInvocation?.(invocation);
    },
  };
  const starting = await Promise.allSettled(
    Object.values(options.resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::EventSourceMapping')
      .map(({ Properties }) => eventSourceMapping(Properties))
      .map((properties) =>
        startSwitchableMapping(
          properties,
          () =>
            properties.source === 'queue'
              ? startQueue(properties, observed, clients)
              : startStream(properties, observed, clients),
          options.onError,
        ),
      ),
  );
  const mappings = starting.filter((one) => one.status === 'fulfilled').map(({ value }) => value);
  const refused = starting.find((one) => one.status === 'rejected');
  const stop = async () => {
    await Promise.all(mappings.map((mapping) => mapping.stop()));
    for (const api of Object.values(apis)) api.close();
    clients.s3.destroy();
  };
  if (refused) {
    await stop();
    throw refused.reason;
  }
  return {
    all: mappings,
    stop,
    async idle() {
      for (let before = -1; before !== invocations; ) {
        before = invocations;
        await Promise.all(mappings.map((mapping) => mapping.idle()));
      }
    },
  };
}

/** The functions of a resolved template. */
export function lambdaFunctions(resources: Record<string, Resource>): LambdaFunction[] {
  return Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
    .map(([logicalId, { Properties }]) => {
      const key = logicalId.replace(/LambdaFunction$/, '');
      return {
        logicalId,
        key: key.charAt(0).toLowerCase() + key.slice(1),
        name: Properties.FunctionName as string,
        timeoutMs: (Properties.Timeout as number) * 1_000,
      };
    });
}

type Clients = { dynamodb: JsonApi; streams: JsonApi; sqs: JsonApi; s3: S3Client };

async function startQueue(
  properties: QueueMappingProperties,
  options: MappingsOptions,
  { sqs }: Clients,
): Promise<Mapping> {
  const { functionName, eventSourceArn } = properties;
  const { timeoutMs } = functionOf(functionName, options.resources);
  const queueName = eventSourceArn.split(':').at(-1) as string;
  const queue = Object.values(options.resources).find(({ Properties }) => Properties.QueueName === queueName);
  const visibilityTimeoutMs = ((queue?.Properties.VisibilityTimeout ?? 30) as number) * 1_000;
  if (visibilityTimeoutMs < timeoutMs) {
    throw new Error(
      `AWS refuses to map ${queueName} to ${functionName}: the queue's VisibilityTimeout has to be at least the ` +
        'timeout of the function, and should be six times as long (semantics Q8).',
    );
  }
  return startQueueMapping({
    ...properties,
    ...invoker(functionName, options),
    sqs: sqs.call,
    queueUrl: queueUrl(options.endpoints, queueName),
  });
}

async function startStream(
  properties: StreamMappingProperties,
  options: MappingsOptions,
  { dynamodb, streams, s3, sqs }: Clients,
): Promise<Mapping> {
  const { functionName, onFailureArn } = properties;
  functionOf(functionName, options.resources); // a name that no function has is refused now, not at the first batch
  const TableName = properties.eventSourceArn.split('/')[1];
  const { Table } = await dynamodb.call<{ Table: { LatestStreamArn?: string } }>('DescribeTable', {
    TableName,
  });
  const streamArn = Table.LatestStreamArn;
  if (!streamArn) throw new Error(`${TableName} has no stream for ${functionName} to read.`);
  const eventSourceArn = awsStreamArn(streamArn);
  return startStreamMapping({
    ...properties,
    ...invoker(functionName, options),
    eventSourceArn,
    dynamodb: dynamodb.call,
    streams: streams.call,
    streamArn,
    onFailure:
      onFailureArn === undefined
        ? undefined
        : failureDestination({
            destinationArn: onFailureArn,
            functionName,
            eventSourceArn,
            sqs: sqs.call,
            s3,
            queueUrl: (name) => queueUrl(options.endpoints, name),
          }),
  });
}

function functionOf(name: string, resources: Record<string, Resource>): LambdaFunction {
  const found = lambdaFunctions(resources).find((lambdaFunction) => lambdaFunction.name === name);
  if (!found) throw new Error(`An event source mapping names ${name}, which is no function of the template.`);
  return found;
}

function invoker(functionName: string, options: MappingsOptions) {
  return {
    invoke: (event: unknown) => options.invoke(functionName, event),
    onInvocation: options.onInvocation,
    onError: options.onError,
  };
}

function queueUrl({ aws }: Endpoints, queueName: string): string {
  return `${aws}/${accountId}/${queueName}`;
}

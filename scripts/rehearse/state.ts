import {
  CloudFormationClient,
  paginateDescribeStackEvents,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { KMSClient, ListAliasesCommand } from '@aws-sdk/client-kms';
import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { bucketPrefix } from '../../packages/topology/names.js';
import type { Endpoint } from './endpoint.ts';
import { rootSettings, stackName, stackOf } from './stage.ts';

/** What there is with the name of a stage and without a stack: tables, queues, buckets, and keys by their alias. */
export async function keptOf(endpoint: Endpoint, region: string, stage: string): Promise<string[]> {
  const settings = rootSettings(endpoint, region);
  const { TableNames = [] } = await new DynamoDBClient(settings).send(new ListTablesCommand({}));
  const { QueueUrls = [] } = await new SQSClient(settings).send(new ListQueuesCommand({}));
  const { Buckets = [] } = await new S3Client({ ...settings, forcePathStyle: true }).send(
    new ListBucketsCommand({}),
  );
  const { Aliases = [] } = await new KMSClient(settings).send(new ListAliasesCommand({}));
  const ours = (name: string) => new RegExp(`^(alias/)?fanfold-${stage}-`).test(name);
  const buckets = Buckets.map(({ Name = '' }) => Name);
  return [
    ...TableNames.filter(ours),
    ...QueueUrls.map((url) => url.split('/').at(-1) ?? '').filter(ours),
    ...buckets.filter((name) => name.startsWith(bucketPrefix(stage, region))),
    ...Aliases.map(({ AliasName = '' }) => AliasName).filter(ours),
  ];
}

/** What of a stage would show that it was deployed again. */
export async function stateOf(
  endpoint: Endpoint,
  region: string,
  stage: string,
  services: string[],
): Promise<string> {
  const lambda = new LambdaClient(rootSettings(endpoint, region));
  const lines = services.map(async (service) => {
    const stack = await stackOf(endpoint, region, stackName(service, stage));
    const functions = Object.values(stack.resources).filter(
      ({ ResourceType }) => ResourceType === 'AWS::Lambda::Function',
    );
    const modified = functions.map(async ({ PhysicalResourceId: FunctionName }) => {
      const { LastModified } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
      return `${FunctionName} ${LastModified}`;
    });
    return [`${stack.name} ${stack.status} ${stack.updated}`, ...(await Promise.all(modified)).sort()].join(
      '\n',
    );
  });
  return (await Promise.all(lines)).join('\n');
}

/** @throws when the last update finished `later` before `earlier` */
export async function requireOrder(
  endpoint: Endpoint,
  region: string,
  StackName: string,
  earlier: string,
  later: string,
): Promise<void> {
  const client = new CloudFormationClient(rootSettings(endpoint, region));
  const events: StackEvent[] = [];
  for await (const page of paginateDescribeStackEvents({ client }, { StackName })) {
    events.push(...(page.StackEvents ?? []));
  }
  const updated = events
    .reverse()
    .filter(({ ResourceStatus }) => ResourceStatus === 'UPDATE_COMPLETE')
    .map(({ LogicalResourceId }) => LogicalResourceId);
  const [first, second] = [updated.lastIndexOf(earlier), updated.lastIndexOf(later)];
  if (first < 0 || second < 0 || first > second) throw new Error(`${later} was updated before ${earlier}.`);
}

import {
  ApiGatewayV2Client,
  GetApiCommand,
  GetIntegrationCommand,
  GetRouteCommand,
  GetStageCommand,
} from '@aws-sdk/client-apigatewayv2';
import { CloudWatchClient, DescribeAlarmsCommand, GetDashboardCommand } from '@aws-sdk/client-cloudwatch';
import {
  CloudWatchLogsClient,
  DescribeLogGroupsCommand,
  DescribeMetricFiltersCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb';
import {
  DescribeRuleCommand,
  EventBridgeClient,
  ListTargetsByRuleCommand,
} from '@aws-sdk/client-eventbridge';
import {
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
} from '@aws-sdk/client-iam';
import { DescribeKeyCommand, GetKeyPolicyCommand, KMSClient } from '@aws-sdk/client-kms';
import {
  GetEventSourceMappingCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  LambdaClient,
} from '@aws-sdk/client-lambda';
import {
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketVersioningCommand,
  GetObjectLockConfigurationCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';

/**
 * What AWS has of a resource, in the words of CloudFormation.
 *
 * @param physicalId what `Ref` gives
 * @param properties what the template says of it: some can only be asked for with that
 */
export type Reader = (physicalId: string, properties: Record<string, string>) => Promise<object>;

/** How each type of resource is asked for, by the API of its own service. */
export function readersOf(settings: object): Record<string, Reader> {
  const apiGateway = new ApiGatewayV2Client(settings);
  const cloudWatch = new CloudWatchClient(settings);
  const dynamodb = new DynamoDBClient(settings);
  const events = new EventBridgeClient(settings);
  const iam = new IAMClient(settings);
  const kms = new KMSClient(settings);
  const lambda = new LambdaClient(settings);
  const logs = new CloudWatchLogsClient(settings);
  const s3 = new S3Client({ ...settings, forcePathStyle: true });
  const sns = new SNSClient(settings);
  const sqs = new SQSClient(settings);
  /** What a bucket has not is an error of its own name. */
  const orNone = <Answer>(answer: Promise<Answer>): Promise<Partial<Answer>> =>
    answer.catch((error: Error) => {
      if (/^(NoSuch|.*NotFound)/.test(error.name)) return {};
      throw error;
    });
  const queueAttributes = async (QueueUrl = '') =>
    (await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }))).Attributes ?? {};
  const topicAttributes = async (TopicArn = '') =>
    (await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes ?? {};

  return {
    'AWS::ApiGatewayV2::Api': (ApiId) => apiGateway.send(new GetApiCommand({ ApiId })),
    'AWS::ApiGatewayV2::Integration': async (IntegrationId, { ApiId }) => ({
      ApiId,
      ...(await apiGateway.send(new GetIntegrationCommand({ ApiId, IntegrationId }))),
    }),
    'AWS::ApiGatewayV2::Route': async (id, { ApiId }) => ({
      ApiId,
      // MiniStack's id of a route has that of its API before it.
      ...(await apiGateway.send(new GetRouteCommand({ ApiId, RouteId: id.split('/').at(-1) }))),
    }),
    'AWS::ApiGatewayV2::Stage': async (StageName, { ApiId }) => ({
      ApiId,
      ...(await apiGateway.send(new GetStageCommand({ ApiId, StageName }))),
    }),
    'AWS::CloudWatch::Alarm': async (name) => {
      const { MetricAlarms = [] } = await cloudWatch.send(new DescribeAlarmsCommand({ AlarmNames: [name] }));
      return MetricAlarms[0] ?? {};
    },
    'AWS::CloudWatch::CompositeAlarm': async (name) => {
      const { CompositeAlarms = [] } = await cloudWatch.send(
        new DescribeAlarmsCommand({ AlarmNames: [name], AlarmTypes: ['CompositeAlarm'] }),
      );
      return CompositeAlarms[0] ?? {};
    },
    'AWS::CloudWatch::Dashboard': (DashboardName) =>
      cloudWatch.send(new GetDashboardCommand({ DashboardName })),
    'AWS::DynamoDB::Table': async (TableName) => {
      const { Table = {} } = await dynamodb.send(new DescribeTableCommand({ TableName }));
      const { ContinuousBackupsDescription } = await dynamodb.send(
        new DescribeContinuousBackupsCommand({ TableName }),
      );
      const { PointInTimeRecoveryStatus, RecoveryPeriodInDays } =
        ContinuousBackupsDescription?.PointInTimeRecoveryDescription ?? {};
      return {
        ...Table,
        BillingMode: Table.BillingModeSummary?.BillingMode,
        ...(Table.SSEDescription && {
          SSESpecification: { SSEEnabled: Table.SSEDescription.Status === 'ENABLED' },
        }),
        PointInTimeRecoverySpecification: {
          PointInTimeRecoveryEnabled: PointInTimeRecoveryStatus === 'ENABLED',
          RecoveryPeriodInDays,
        },
      };
    },
    'AWS::Events::Rule': async (Name) => {
      const { Targets } = await events.send(new ListTargetsByRuleCommand({ Rule: Name }));
      return { ...(await events.send(new DescribeRuleCommand({ Name }))), Targets };
    },
    'AWS::IAM::Role': async (RoleName) => {
      const { Role } = await iam.send(new GetRoleCommand({ RoleName }));
      const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
      const policies = PolicyNames.map((PolicyName) =>
        iam.send(new GetRolePolicyCommand({ RoleName, PolicyName })),
      );
      const decoded = (document = '') => decodeURIComponent(document);
      return {
        ...Role,
        AssumeRolePolicyDocument: decoded(Role?.AssumeRolePolicyDocument),
        Policies: (await Promise.all(policies)).map(({ PolicyName, PolicyDocument }) => ({
          PolicyName,
          PolicyDocument: decoded(PolicyDocument),
        })),
      };
    },
    'AWS::KMS::Alias': async (AliasName) => {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: AliasName }));
      return { AliasName, TargetKeyId: KeyMetadata?.KeyId };
    },
    'AWS::KMS::Key': async (KeyId) => {
      const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }));
      const { Policy } = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }));
      return { ...KeyMetadata, KeyPolicy: Policy };
    },
    'AWS::Lambda::EventSourceMapping': async (UUID) => {
      const mapping = await lambda.send(new GetEventSourceMappingCommand({ UUID }));
      return { ...mapping, FunctionName: mapping.FunctionArn, Enabled: mapping.State === 'Enabled' };
    },
    'AWS::Lambda::Function': (FunctionName) =>
      lambda.send(new GetFunctionConfigurationCommand({ FunctionName })),
    'AWS::Lambda::Permission': async (_id, { FunctionName, Action, Principal, SourceArn }) => {
      const { Policy = '{}' } = await lambda.send(new GetPolicyCommand({ FunctionName }));
      const { Statement = [] } = JSON.parse(Policy) as { Statement?: Statement[] };
      const allows = (statement: Statement) =>
        statement.Effect === 'Allow' &&
        statement.Action === Action &&
        statement.Principal?.Service === Principal &&
        (statement.Condition?.ArnLike?.['AWS:SourceArn'] ?? undefined) === SourceArn;
      return Statement.some(allows) ? { FunctionName, Action, Principal, SourceArn } : {};
    },
    'AWS::Logs::LogGroup': async (name) => {
      const { logGroups = [] } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
      const group = logGroups.find(({ logGroupName }) => logGroupName === name);
      return group ? { LogGroupName: name, RetentionInDays: group.retentionInDays } : {};
    },
    'AWS::Logs::MetricFilter': async (_id, { LogGroupName }) => {
      const { metricFilters = [] } = await logs.send(
        new DescribeMetricFiltersCommand({ logGroupName: LogGroupName }),
      );
      return capitalized(metricFilters[0] ?? {}) as object;
    },
    'AWS::S3::Bucket': async (Bucket) => {
      await s3.send(new HeadBucketCommand({ Bucket }));
      const { ServerSideEncryptionConfiguration } = await orNone(
        s3.send(new GetBucketEncryptionCommand({ Bucket })),
      );
      const { PublicAccessBlockConfiguration } = await orNone(
        s3.send(new GetPublicAccessBlockCommand({ Bucket })),
      );
      const { Status } = await s3.send(new GetBucketVersioningCommand({ Bucket }));
      const { ObjectLockConfiguration } = await orNone(
        s3.send(new GetObjectLockConfigurationCommand({ Bucket })),
      );
      const { Rules } = await orNone(s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })));
      return {
        BucketName: Bucket,
        BucketEncryption: {
          ServerSideEncryptionConfiguration: ServerSideEncryptionConfiguration?.Rules?.map(
            ({ ApplyServerSideEncryptionByDefault }) => ({
              ServerSideEncryptionByDefault: ApplyServerSideEncryptionByDefault,
            }),
          ),
        },
        PublicAccessBlockConfiguration,
        VersioningConfiguration: { Status },
        ...(ObjectLockConfiguration && {
          ObjectLockEnabled: ObjectLockConfiguration.ObjectLockEnabled === 'Enabled',
          ObjectLockConfiguration: {
            ...ObjectLockConfiguration,
            Rule: { DefaultRetention: ObjectLockConfiguration.Rule?.DefaultRetention },
          },
        }),
        LifecycleConfiguration: {
          Rules: Rules?.map(({ ID, Status, Expiration, ...rest }) => ({
            ...rest,
            Id: ID,
            Status,
            ExpirationInDays: Expiration?.Days,
          })),
        },
      };
    },
    'AWS::S3::BucketPolicy': async (_id, { Bucket }) => {
      const { Policy } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
      return { Bucket, PolicyDocument: Policy };
    },
    'AWS::SNS::Subscription': async (SubscriptionArn, { TopicArn }) => {
      const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
      const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
      return { ...Subscriptions.find((each) => each.SubscriptionArn === SubscriptionArn), ...Attributes };
    },
    'AWS::SNS::Topic': async (TopicArn) => ({
      TopicName: TopicArn.split(':').at(-1),
      ...(await topicAttributes(TopicArn)),
    }),
    'AWS::SNS::TopicPolicy': async (_id, { Topics }) => {
      const [topic] = [Topics].flat();
      return { Topics: [topic], PolicyDocument: (await topicAttributes(topic)).Policy };
    },
    'AWS::SQS::Queue': async (url) => ({
      QueueName: url.split('/').at(-1),
      ...(await queueAttributes(url)),
    }),
    'AWS::SQS::QueuePolicy': async (_id, { Queues }) => {
      const [queue] = [Queues].flat();
      return { Queues: [queue], PolicyDocument: (await queueAttributes(queue)).Policy };
    },
  };
}

type Statement = {
  Effect: string;
  Action: string;
  Principal?: { Service?: string };
  Condition?: { ArnLike?: Record<string, string> };
};

/** Names with a capital, as CloudFormation has them, where an API has none. */
function capitalized(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(capitalized);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [
      key.replace(/^./, (c) => c.toUpperCase()),
      capitalized(entry),
    ]),
  );
}

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { missingIn, type Policy } from '../../scripts/rehearse/policy.ts';
import { resources, servicesOfStack } from './stacks.ts';

// Whoever deploys needs permissions for each type of resource. The rehearsal compares all calls of deploying the stack with the
// policies; here each type of every template has those without which CloudFormation can neither make, read nor remove it.

const read = (name: string): Policy =>
  JSON.parse(readFileSync(new URL(`../../docs/${name}.json`, import.meta.url), 'utf8'));
const ofStack = read('deploy-policy');
const withOptIn: Policy = {
  ...ofStack,
  Statement: [...ofStack.Statement, ...read('deploy-policy-opt-in').Statement],
};

/** What is kept when its stack is removed, CloudFormation need not delete. */
const actionsOf: Record<string, string[]> = {
  'AWS::ApiGatewayV2::Api': ['apigateway:POST', 'apigateway:GET', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Integration': ['apigateway:POST', 'apigateway:GET', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Route': ['apigateway:POST', 'apigateway:GET', 'apigateway:DELETE'],
  'AWS::ApiGatewayV2::Stage': ['apigateway:POST', 'apigateway:GET', 'apigateway:DELETE'],
  'AWS::CloudWatch::Alarm': [
    'cloudwatch:PutMetricAlarm',
    'cloudwatch:DescribeAlarms',
    'cloudwatch:DeleteAlarms',
  ],
  'AWS::CloudWatch::CompositeAlarm': [
    'cloudwatch:PutCompositeAlarm',
    'cloudwatch:DescribeAlarms',
    'cloudwatch:DeleteAlarms',
  ],
  'AWS::CloudWatch::Dashboard': [
    'cloudwatch:PutDashboard',
    'cloudwatch:GetDashboard',
    'cloudwatch:DeleteDashboards',
  ],
  'AWS::DynamoDB::Table': ['dynamodb:CreateTable', 'dynamodb:DescribeTable', 'dynamodb:UpdateTable'],
  'AWS::Events::Rule': ['events:PutRule', 'events:PutTargets', 'events:DescribeRule', 'events:DeleteRule'],
  'AWS::Glue::Database': ['glue:CreateDatabase', 'glue:GetDatabase', 'glue:DeleteDatabase'],
  'AWS::Glue::Table': ['glue:CreateTable', 'glue:GetTable', 'glue:UpdateTable', 'glue:DeleteTable'],
  'AWS::IAM::Role': ['iam:CreateRole', 'iam:PutRolePolicy', 'iam:GetRole', 'iam:DeleteRole', 'iam:PassRole'],
  'AWS::KMS::Alias': ['kms:CreateAlias'],
  'AWS::KMS::Key': ['kms:CreateKey', 'kms:DescribeKey', 'kms:PutKeyPolicy'],
  'AWS::Kinesis::Stream': [
    'kinesis:CreateStream',
    'kinesis:StartStreamEncryption',
    'kinesis:DescribeStreamSummary',
    'kinesis:UpdateShardCount',
    'kinesis:DeleteStream',
  ],
  'AWS::Lambda::EventSourceMapping': [
    'lambda:CreateEventSourceMapping',
    'lambda:GetEventSourceMapping',
    'lambda:DeleteEventSourceMapping',
  ],
  'AWS::Lambda::Function': ['lambda:CreateFunction', 'lambda:GetFunction', 'lambda:DeleteFunction'],
  'AWS::Lambda::Permission': ['lambda:AddPermission', 'lambda:GetPolicy', 'lambda:RemovePermission'],
  'AWS::Logs::LogGroup': ['logs:CreateLogGroup', 'logs:PutRetentionPolicy', 'logs:DeleteLogGroup'],
  'AWS::S3::Bucket': ['s3:CreateBucket', 's3:PutEncryptionConfiguration', 's3:PutBucketPublicAccessBlock'],
  'AWS::S3::BucketPolicy': ['s3:PutBucketPolicy', 's3:GetBucketPolicy', 's3:DeleteBucketPolicy'],
  'AWS::SNS::Subscription': ['sns:Subscribe', 'sns:GetSubscriptionAttributes', 'sns:Unsubscribe'],
  'AWS::SNS::Topic': ['sns:CreateTopic', 'sns:GetTopicAttributes', 'sns:DeleteTopic'],
  'AWS::SNS::TopicPolicy': ['sns:SetTopicAttributes'],
  'AWS::SQS::Queue': ['sqs:CreateQueue', 'sqs:GetQueueAttributes', 'sqs:SetQueueAttributes'],
  'AWS::SQS::QueuePolicy': ['sqs:SetQueueAttributes'],
};

const missingFor = (policy: Policy, services: (service: string) => boolean): string[] =>
  [...new Set(resources.filter(({ service }) => services(service)).map(({ Type }) => Type))].flatMap((type) =>
    (actionsOf[type] ?? ['nothing here says what it needs']).flatMap((action) =>
      missingIn(policy, [{ action }]).map(() => `${type}: ${action}`),
    ),
  );

test('docs/deploy-policy.json allows what each type of resource of the stack needs', () => {
  expect(missingFor(ofStack, (service) => servicesOfStack.includes(service))).toEqual([]);
});

test('with docs/deploy-policy-opt-in.json it allows what each type of resource of any service needs, and not without', () => {
  expect(missingFor(withOptIn, () => true)).toEqual([]);
  expect(missingFor(ofStack, () => true)).not.toEqual([]);
});

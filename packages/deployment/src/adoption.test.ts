import {
  CloudFormationClient,
  CloudFormationServiceException,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  ListStackResourcesCommand,
} from '@aws-sdk/client-cloudformation';
import { DescribeTableCommand, DynamoDBClient, ResourceNotFoundException } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, KMSClient, NotFoundException } from '@aws-sdk/client-kms';
import { HeadBucketCommand, NotFound, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { GetQueueUrlCommand, QueueDoesNotExist, SQSClient } from '@aws-sdk/client-sqs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, test } from 'vitest';
import { adopt, importTemplate } from './adoption.ts';
import { clientsWith, keepablesOf, type Template } from './kept.ts';

// Imports as AWS answers them: what the endpoints of a rehearsal also do is rehearsed there.
const cloudformation = mockClient(CloudFormationClient);
const dynamodb = mockClient(DynamoDBClient);
const sqs = mockClient(SQSClient);
const s3 = mockClient(S3Client);
const kms = mockClient(KMSClient);
const clients = clientsWith({ region: 'eu-west-1' });
const account = '123456789012';
const stackName = 'fanfold-audit-trial';

const template: Template = {
  Resources: {
    Table: {
      Type: 'AWS::DynamoDB::Table',
      DeletionPolicy: 'Retain',
      Properties: { TableName: 'fanfold-trial-audit' },
    },
    EventsQueue: {
      Type: 'AWS::SQS::Queue',
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: {
        QueueName: 'fanfold-trial-audit-events',
        RedrivePolicy: { deadLetterTargetArn: { 'Fn::GetAtt': ['DeadLetters', 'Arn'] }, maxReceiveCount: 20 },
      },
    },
    DeadLetters: {
      Type: 'AWS::SQS::Queue',
      DeletionPolicy: 'RetainExceptOnCreate',
      Properties: { QueueName: 'fanfold-trial-audit-dead' },
    },
    LogBucket: {
      Type: 'AWS::S3::Bucket',
      DeletionPolicy: 'Retain',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as CloudFormation has it
      Properties: { BucketName: { 'Fn::Sub': 'fanfold-trial-eu-west-1-audit-log-${AWS::AccountId}' } },
    },
    Key: { Type: 'AWS::KMS::Key', DeletionPolicy: 'Retain', Properties: { KeyUsage: 'SIGN_VERIFY' } },
    KeyAlias: {
      Type: 'AWS::KMS::Alias',
      DeletionPolicy: 'Retain',
      Properties: { AliasName: 'alias/fanfold-trial-audit-log', TargetKeyId: { Ref: 'Key' } },
    },
    Alarm: { Type: 'AWS::CloudWatch::Alarm', Properties: {} },
  },
  Outputs: { TableName: { Value: { Ref: 'Table' } } },
};

beforeEach(() => {
  for (const client of [cloudformation, dynamodb, sqs, s3, kms]) client.reset();
  const missing = { message: 'no', $metadata: {} };
  cloudformation.on(DescribeStacksCommand).rejects(
    new CloudFormationServiceException({
      name: 'ValidationError',
      message: `Stack with id ${stackName} does not exist`,
      $fault: 'client',
      $metadata: {},
    }),
  );
  cloudformation.on(DescribeChangeSetCommand).resolves({ Status: 'CREATE_COMPLETE' });
  dynamodb.on(DescribeTableCommand).rejects(new ResourceNotFoundException(missing));
  sqs.on(GetQueueUrlCommand).rejects(new QueueDoesNotExist(missing));
  s3.on(HeadBucketCommand).rejects(new NotFound(missing));
  kms.on(DescribeKeyCommand).rejects(new NotFoundException(missing));
});

/** A removal kept all of it. */
function allIsLeft() {
  dynamodb.on(DescribeTableCommand).resolves({});
  sqs
    .on(GetQueueUrlCommand)
    .callsFake(({ QueueName }) => ({ QueueUrl: `https://sqs/${account}/${QueueName}` }));
  s3.on(HeadBucketCommand).resolves({});
  kms.on(DescribeKeyCommand).resolves({ KeyMetadata: { KeyId: 'the-old-key', KeyState: 'Enabled' } });
}

/** The stack is there, with these resources: after their import, imported. */
function stackHas(resources: string[], status = 'UPDATE_ROLLBACK_COMPLETE') {
  cloudformation
    .on(DescribeStacksCommand)
    .resolvesOnce({
      Stacks: [{ StackName: stackName, CreationTime: new Date(), StackStatus: status as never }],
    })
    .resolves({
      Stacks: [{ StackName: stackName, CreationTime: new Date(), StackStatus: 'IMPORT_COMPLETE' }],
    });
  const existing = {
    Resources: Object.fromEntries(resources.map((id) => [id, { Type: 'AWS::S3::Bucket' }])),
  };
  cloudformation.on(GetTemplateCommand).resolves({ TemplateBody: JSON.stringify(existing) });
  cloudformation.on(ListStackResourcesCommand).resolves({
    StackResourceSummaries: resources.map((LogicalResourceId) => ({
      LogicalResourceId,
      PhysicalResourceId: `physical-${LogicalResourceId}`,
      ResourceType: 'AWS::S3::Bucket',
      ResourceStatus: 'CREATE_COMPLETE' as const,
      LastUpdatedTimestamp: new Date(),
    })),
  });
}

const asked = () => cloudformation.commandCalls(CreateChangeSetCommand)[0]?.args[0].input;

test('a stage that was never there is not touched', async () => {
  expect(await adopt(stackName, template, account, clients)).toEqual([]);
  expect(asked()).toBeUndefined();
});

test('what a removed stack kept is imported into a new one, with the keys that signed the log', async () => {
  allIsLeft();
  const gone = cloudformation.on(DescribeStacksCommand);
  gone
    .rejectsOnce(
      new CloudFormationServiceException({
        name: 'ValidationError',
        message: 'does not exist',
        $fault: 'client',
        $metadata: {},
      }),
    )
    .resolves({
      Stacks: [{ StackName: stackName, CreationTime: new Date(), StackStatus: 'IMPORT_COMPLETE' }],
    });
  const adopted = await adopt(stackName, template, account, clients);
  expect(adopted.map(({ logicalId }) => logicalId)).toEqual([
    'Table',
    'EventsQueue',
    'DeadLetters',
    'LogBucket',
    'Key',
    'KeyAlias',
  ]);
  expect(asked()).toMatchObject({ StackName: stackName, ChangeSetType: 'IMPORT' });
  expect(
    asked()?.ResourcesToImport?.map(({ LogicalResourceId, ResourceIdentifier }) => [
      LogicalResourceId,
      ResourceIdentifier,
    ]),
  ).toEqual([
    ['Table', { TableName: 'fanfold-trial-audit' }],
    ['EventsQueue', { QueueUrl: `https://sqs/${account}/fanfold-trial-audit-events` }],
    ['DeadLetters', { QueueUrl: `https://sqs/${account}/fanfold-trial-audit-dead` }],
    ['LogBucket', { BucketName: `fanfold-trial-eu-west-1-audit-log-${account}` }],
    ['Key', { KeyId: 'the-old-key' }],
    ['KeyAlias', { AliasName: 'alias/fanfold-trial-audit-log' }],
  ]);
  const { Alarm: _new, ...kept } = template.Resources;
  expect(JSON.parse(asked()?.TemplateBody ?? '')).toEqual({ Resources: kept });
  expect(cloudformation.commandCalls(ExecuteChangeSetCommand)).toHaveLength(1);
});

test('what a failed first deployment kept is imported into the stack that it left, and nothing else of that changes', async () => {
  dynamodb.on(DescribeTableCommand).resolves({});
  stackHas(['ServerlessDeploymentBucket']);
  const adopted = await adopt(stackName, template, account, clients);
  expect(adopted.map(({ logicalId }) => logicalId)).toEqual(['Table']);
  expect(JSON.parse(asked()?.TemplateBody ?? '')).toEqual({
    Resources: { ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' }, Table: template.Resources.Table },
  });
});

test('a stack that has all of it is not touched', async () => {
  allIsLeft();
  stackHas(Object.keys(template.Resources), 'UPDATE_COMPLETE');
  expect(await adopt(stackName, template, account, clients)).toEqual([]);
  expect(asked()).toBeUndefined();
});

test('a long template goes by the bucket of the stack’s deployments', async () => {
  dynamodb.on(DescribeTableCommand).resolves({});
  stackHas(['ServerlessDeploymentBucket']);
  cloudformation.on(GetTemplateCommand).resolves({
    TemplateBody: JSON.stringify({ Resources: {}, Description: 'long'.repeat(15_000) }),
  });
  await adopt(stackName, template, account, clients);
  expect(s3.commandCalls(PutObjectCommand)[0]?.args[0].input).toMatchObject({
    Bucket: 'physical-ServerlessDeploymentBucket',
    Key: 'serverless/adoption.json',
  });
  expect(asked()?.TemplateURL).toBe(
    'https://physical-ServerlessDeploymentBucket.s3.eu-west-1.amazonaws.com/serverless/adoption.json',
  );
});

test('what CloudFormation refuses is reported, and the stack of the attempt does not stay', async () => {
  allIsLeft();
  cloudformation
    .on(DescribeChangeSetCommand)
    .resolves({ Status: 'FAILED', StatusReason: 'It is of another stack.' });
  await expect(adopt(stackName, template, account, clients)).rejects.toThrow(
    `What is left of ${stackName} cannot be adopted: It is of another stack.`,
  );
  expect(cloudformation.commandCalls(DeleteStackCommand)).toHaveLength(1);
  expect(cloudformation.commandCalls(ExecuteChangeSetCommand)).toHaveLength(0);
});

test('what CloudFormation refused to a stack that is there stays in the way of no later attempt', async () => {
  allIsLeft();
  cloudformation
    .on(DescribeChangeSetCommand)
    .resolves({ Status: 'FAILED', StatusReason: 'It is of another stack.' });
  for (let attempt = 0; attempt < 2; attempt++) {
    stackHas([]);
    await expect(adopt(stackName, template, account, clients)).rejects.toThrow('It is of another stack.');
  }
  const names = (command: typeof CreateChangeSetCommand | typeof DeleteChangeSetCommand) =>
    cloudformation.commandCalls(command as never).map(({ args: [{ input }] }) => {
      return (input as { ChangeSetName: string }).ChangeSetName;
    });
  expect(new Set(names(CreateChangeSetCommand)).size).toBe(2);
  expect(names(DeleteChangeSetCommand)).toEqual(names(CreateChangeSetCommand));
  expect(cloudformation.commandCalls(DeleteStackCommand)).toHaveLength(0);
});

test('a key that will be deleted stops the deployment, because what it signed is still there', async () => {
  kms.on(DescribeKeyCommand).resolves({
    KeyMetadata: { KeyId: 'the-old-key', KeyState: 'PendingDeletion', DeletionDate: new Date('2026-12-24') },
  });
  await expect(adopt(stackName, template, account, clients)).rejects.toThrow(
    'aws kms cancel-key-deletion --key-id the-old-key',
  );
});

test('what AWS does not let be looked up is no reason to make it anew', async () => {
  dynamodb.on(DescribeTableCommand).rejects(new Error('AccessDeniedException'));
  await expect(adopt(stackName, template, account, clients)).rejects.toThrow('AccessDeniedException');
});

test('what refers to something that is not there waits for the deployment', () => {
  const { Resources } = importTemplate(template, [{ logicalId: 'EventsQueue' }]);
  expect(Resources.EventsQueue?.Properties).toEqual({ QueueName: 'fanfold-trial-audit-events' });
});

test('what could not be found again is not to be kept', () => {
  const nameless: Template = {
    Resources: { Key: { Type: 'AWS::KMS::Key', DeletionPolicy: 'Retain', Properties: {} } },
  };
  expect(() => keepablesOf(nameless, account)).toThrow(
    'Key (AWS::KMS::Key) outlives its stack, and has no name',
  );
});

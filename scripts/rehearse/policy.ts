import type { Call } from './endpoint.ts';

/** A permission that deploying takes; without a resource where only CloudFormation knows which. */
export type Needed = { action: string; resource?: string };

type Statement = {
  Sid: string;
  Effect: 'Allow';
  Action: string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
};
export type Policy = { Version: string; Statement: Statement[] };

/** By type of resource and handler: the actions that CloudFormation takes for it (python/handlerPermissions.py). */
export type HandlerPermissions = Record<string, Record<string, string[]>>;

/** What python/handlerPermissions.py tells. */
export type Reference = {
  handlers: HandlerPermissions;
  /** Actions that can only be allowed on `*`. */
  withoutResource: string[];
};

/**
 * What CloudFormation's handlers call for properties that no template here has. A few write or read data: whoever deploys
 * gets no payments to see.
 */
const unused: [pattern: RegExp, because: string][] = [
  [
    /^(ec2|elasticfilesystem|s3files|s3tables|kinesis|firehose):/,
    'no networks, file systems, S3 tables, streams of Kinesis',
  ],
  [/^dynamodb:(BatchWriteItem|(Put|Get|Delete|Update)Item|Query|Scan)$/, 'data: for replicas and imports'],
  [
    /^dynamodb:.*(Import|Replica|KinesisStreaming|ResourcePolicy)/,
    'no replicas, imports, streams of Kinesis, policies of tables',
  ],
  [/^dynamodb:Update(TimeToLive|ContributorInsights)$/, 'what the tables do not use'],
  [
    /^iam:(CreateServiceLinkedRole|Put.*Boundary|Delete.*Boundary|(At|De)tachRolePolicy)$/,
    'roles have statements of their own only',
  ],
  [
    /^kms:(Encrypt|GenerateDataKey|RevokeGrant|ListAliases|EnableKey.*|DisableKey.*|ScheduleKeyDeletion)$/,
    'keys are kept, and sign only',
  ],
  [
    /^lambda:.*(CodeSigning|Concurrency|Recursion|Scaling|RuntimeAlias|LayerVersion|CapacityProvider|PublishVersion)/,
    'neither layers, versions nor reserved concurrency',
  ],
  [/^lambda:PutRuntimeManagementConfig$/, 'the newest runtime, as by default'],
  [
    /^logs:.*(Kms|DataProtection|IndexPolic|BearerToken|DeletionProtection|LogEvents|LogStream|ResourcePolic)/,
    'what log groups do not use',
  ],
  [
    /^s3:(Put|Delete|Create|Update).*(Acl|Analytics|Metrics|Inventory|IntelligentTiering|Replication|Website|C[Oo][Rr][Ss]|Metadata|Accelerate|Notification|Logging|Abac|Ownership)/,
    'what buckets do not use',
  ],
  [
    /^s3:(getObject|GetObjectMetadata|REST\.PUT\.OBJECT|PutObjectAcl)$/,
    'objects: of imports and of descriptions of APIs',
  ],
  [/^sns:(Get|Put)DataProtectionPolicy$/, 'what topics do not use'],
];

type Scope = { sid: string; actions: RegExp; resources: string[]; condition?: Statement['Condition'] };

const everything: Scope = { sid: 'WithoutResource', actions: /./, resources: ['*'] };

/** Which resources an action is for: the first that fits. The names are those of packages/topology. */
const scopes: Scope[] = [
  { sid: 'Stacks', actions: /^cloudformation:/, resources: ['arn:aws:cloudformation:*:*:stack/fanfold-*'] },
  {
    sid: 'RolesForFunctions',
    actions: /^iam:PassRole$/,
    resources: ['arn:aws:iam::*:role/fanfold-*'],
    condition: { StringEquals: { 'iam:PassedToService': 'lambda.amazonaws.com' } },
  },
  { sid: 'Roles', actions: /^iam:/, resources: ['arn:aws:iam::*:role/fanfold-*'] },
  {
    sid: 'Bundles',
    actions: /^s3:.*(Object|ObjectVersion)$/,
    resources: ['arn:aws:s3:::fanfold-*-serverlessdeploymentbuck*/*'],
  },
  { sid: 'Buckets', actions: /^s3:/, resources: ['arn:aws:s3:::fanfold-*'] },
  {
    sid: 'Functions',
    actions: /^lambda:/,
    resources: ['arn:aws:lambda:*:*:function:fanfold-*', 'arn:aws:lambda:*:*:event-source-mapping:*'],
  },
  { sid: 'Tables', actions: /^dynamodb:/, resources: ['arn:aws:dynamodb:*:*:table/fanfold-*'] },
  { sid: 'Queues', actions: /^sqs:/, resources: ['arn:aws:sqs:*:*:fanfold-*'] },
  { sid: 'Topics', actions: /^sns:/, resources: ['arn:aws:sns:*:*:fanfold-*'] },
  {
    sid: 'LogGroups',
    actions: /^logs:/,
    resources: [
      'arn:aws:logs:*:*:log-group:/aws/lambda/fanfold-*',
      'arn:aws:logs:*:*:log-group:/aws/http-api/fanfold-*',
    ],
  },
  {
    sid: 'Dashboards',
    actions: /^cloudwatch:\w+Dashboards?$/,
    resources: ['arn:aws:cloudwatch::*:dashboard/fanfold-*'],
  },
  { sid: 'Alarms', actions: /^cloudwatch:/, resources: ['arn:aws:cloudwatch:*:*:alarm:fanfold-*'] },
  { sid: 'Schedules', actions: /^events:/, resources: ['arn:aws:events:*:*:rule/fanfold-*'] },
  {
    sid: 'KeysOfServices',
    actions: /^kms:(CreateGrant|Decrypt)$/,
    resources: ['arn:aws:kms:*:*:key/*'],
    condition: {
      StringLike: {
        'kms:ViaService': ['dynamodb.*.amazonaws.com', 'sns.*.amazonaws.com', 'lambda.*.amazonaws.com'],
      },
    },
  },
  { sid: 'Keys', actions: /^kms:/, resources: ['arn:aws:kms:*:*:key/*', 'arn:aws:kms:*:*:alias/fanfold-*'] },
  {
    sid: 'Secrets',
    actions: /^secretsmanager:DescribeSecret$/,
    resources: ['arn:aws:secretsmanager:*:*:secret:fanfold/*'],
  },
  // Before it removes a stack the framework looks for images of functions.
  { sid: 'Images', actions: /^ecr:Describe/, resources: ['*'] },
  {
    sid: 'Apis',
    actions: /^apigateway:/,
    resources: [
      'arn:aws:apigateway:*::/apis',
      'arn:aws:apigateway:*::/apis/*',
      'arn:aws:apigateway:*::/tags/*',
    ],
  },
  { sid: 'Streams', actions: /^kinesis:/, resources: ['arn:aws:kinesis:*:*:stream/fanfold-*'] },
  // Names of Athena's databases have no hyphens: services/archive/tables.js.
  {
    sid: 'Catalog',
    actions: /^glue:/,
    resources: [
      'arn:aws:glue:*:*:catalog',
      'arn:aws:glue:*:*:database/fanfold_*',
      'arn:aws:glue:*:*:table/fanfold_*/*',
    ],
  },
];

/** What stages need that the rehearsal has none of: one with Stripe, whose secret has to be there. */
export const ofOtherStages: Needed[] = [
  {
    action: 'secretsmanager:DescribeSecret',
    resource: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:fanfold/production/stripe-AbCdEf',
  },
];

/**
 * What the opt-in services need beside the stack's: archive Glue, stream Kinesis. By the handlers of their types of resources, for the
 * properties that their templates have: without Glue's connections, Lake Formation, and Kinesis' metrics for each shard.
 */
export const ofOptIn: Needed[] = [
  ...['CreateDatabase', 'DeleteDatabase', 'GetDatabase', 'UpdateDatabase'],
  ...['CreateTable', 'DeleteTable', 'GetTable', 'UpdateTable'],
]
  .map((action) => `glue:${action}`)
  .concat(
    [
      ...['CreateStream', 'DeleteStream', 'DescribeStreamSummary', 'UpdateShardCount'],
      ...['IncreaseStreamRetentionPeriod', 'DecreaseStreamRetentionPeriod'],
      ...['StartStreamEncryption', 'StopStreamEncryption'],
      ...['AddTagsToStream', 'ListTagsForStream', 'RemoveTagsFromStream'],
      ...['ListTagsForResource', 'TagResource', 'UntagResource'],
    ].map((action) => `kinesis:${action}`),
  )
  .map((action) => ({ action }));

/**
 * What a deployment needs: the calls of whoever deployed, and what CloudFormation calls in its name.
 *
 * @param deployer the ARN that calls are looked for by
 */
export function neededBy(calls: readonly Call[], handlers: HandlerPermissions, deployer: string): Needed[] {
  const needed = calls.flatMap((call): Needed[] => {
    if ('action' in call) {
      return call.caller === deployer ? [{ action: call.action, resource: call.resource }] : [];
    }
    const { [call.operation]: actions = [], read = [] } = handlers[call.type] ?? {};
    return [...actions, ...read].filter((action) => !isUnused(action)).map((action) => ({ action }));
  });
  return [...new Map(needed.map((each) => [`${each.action} ${each.resource}`, each])).values()];
}

const isUnused = (action: string) => unused.some(([pattern]) => pattern.test(action));

/** What is needed and not allowed. */
export const missingIn = (policy: Policy, needed: readonly Needed[]): Needed[] =>
  needed.filter(({ action, resource }) => !allows(policy, action, resource));

function allows({ Statement }: Policy, action: string, resource?: string): boolean {
  return Statement.some(
    ({ Action, Resource }) =>
      Action.some((pattern) => matches(pattern.toLowerCase(), action.toLowerCase())) &&
      (resource === undefined || [Resource].flat().some((pattern) => matches(pattern, resource))),
  );
}

function matches(pattern: string, text: string): boolean {
  const expression = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${expression.join('.*')}$`).test(text);
}

/**
 * The least policy that allows all of this, each action on the resources that are Fanfold's own.
 *
 * @param withoutResource actions that know no resource
 * @throws when an action is of a service that nothing here uses
 */
export function policyFor(needed: readonly Needed[], withoutResource: readonly string[] = []): Policy {
  const actions = [...new Set(needed.map(({ action }) => action))].sort();
  const groups = new Map<(typeof scopes)[number], string[]>();
  for (const action of actions) {
    const scope = withoutResource.includes(action)
      ? everything
      : scopes.find((each) => each.actions.test(action));
    if (!scope)
      throw new Error(`Nothing says on which resources ${action} is needed: scripts/rehearse/policy.ts.`);
    groups.set(scope, [...(groups.get(scope) ?? []), action]);
  }
  return {
    Version: '2012-10-17',
    Statement: [everything, ...scopes].flatMap((scope) => {
      const Action = groups.get(scope);
      if (!Action) return [];
      const [only = '', ...others] = scope.resources;
      return [
        {
          Sid: scope.sid,
          Effect: 'Allow' as const,
          Action,
          Resource: others.length === 0 ? only : scope.resources,
          ...(scope.condition && { Condition: scope.condition }),
        },
      ];
    }),
  };
}

/** AWS counts no blanks: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const longestPolicy = 6_144;

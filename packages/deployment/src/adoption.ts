import { randomUUID } from 'node:crypto';
import {
  type CloudFormationClient,
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  paginateListStackResources,
  waitUntilChangeSetCreateComplete,
  waitUntilStackImportComplete,
} from '@aws-sdk/client-cloudformation';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { type Clients, findKept, type Kept, keepablesOf, type Resource, type Template } from './kept.ts';

type Stack = { template: Template; physicalIds: Map<string, string> };

/**
 * Gives a stack the resources that an earlier stack of its name, or a failed deployment, left behind. Without that,
 * the next deployment would fail, because their names are taken. The adopted resources do not change.
 *
 * @param template the packaged template of the service
 * @returns what was adopted; empty when nothing was left
 * @throws when CloudFormation refuses; the stack is then as before
 */
export async function adopt(
  stackName: string,
  template: Template,
  account: string,
  clients: Clients,
): Promise<Kept[]> {
  const { cloudformation } = clients;
  const stack = await findStack(stackName, cloudformation);
  const missing = keepablesOf(template, account).filter(
    ({ logicalId }) => !stack?.physicalIds.has(logicalId),
  );
  const left = await findKept(missing, clients);
  if (left.length === 0) return [];
  const body = JSON.stringify(importTemplate(template, left, stack?.template));
  // With an id of its own: the change set of an earlier, interrupted attempt may still exist.
  const changeSet = { StackName: stackName, ChangeSetName: `fanfold-adopt-${randomUUID()}` };
  await cloudformation.send(
    new CreateChangeSetCommand({
      ...changeSet,
      ChangeSetType: 'IMPORT',
      ...(await templateOf(body, stack, clients)),
      Capabilities: ['CAPABILITY_IAM', 'CAPABILITY_NAMED_IAM'],
      ResourcesToImport: left.map(({ logicalId, type, identifier }) => ({
        LogicalResourceId: logicalId,
        ResourceType: type,
        ResourceIdentifier: identifier,
      })),
    }),
  );
  const waiting = { client: cloudformation, maxWaitTime: 600, minDelay: 1, maxDelay: 5 };
  try {
    await waitUntilChangeSetCreateComplete(waiting, changeSet);
  } catch (error) {
    const { StatusReason } = await cloudformation.send(new DescribeChangeSetCommand(changeSet));
    // The import has created the stack that it is for. Without its resources it is empty, and would be in the way.
    if (stack) await cloudformation.send(new DeleteChangeSetCommand(changeSet));
    else await cloudformation.send(new DeleteStackCommand({ StackName: stackName }));
    throw new Error(
      `What is left of ${stackName} cannot be adopted: ${StatusReason ?? (error as Error).message}`,
    );
  }
  await cloudformation.send(new ExecuteChangeSetCommand(changeSet));
  await waitUntilStackImportComplete(waiting, { StackName: stackName });
  return left;
}

/** @returns undefined when the stack does not exist, or was never created */
export async function findStack(stackName: string, client: CloudFormationClient): Promise<Stack | undefined> {
  const status = await stackStatus(stackName, client);
  if (status === undefined || status === 'REVIEW_IN_PROGRESS') return undefined;
  const { TemplateBody = '{"Resources":{}}' } = await client.send(
    new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' }),
  );
  const physicalIds = new Map<string, string>();
  for await (const { StackResourceSummaries = [] } of paginateListStackResources(
    { client },
    { StackName: stackName },
  )) {
    for (const {
      LogicalResourceId = '',
      PhysicalResourceId = '',
      ResourceStatus,
    } of StackResourceSummaries) {
      if (!ResourceStatus?.startsWith('DELETE_')) physicalIds.set(LogicalResourceId, PhysicalResourceId);
    }
  }
  return { template: JSON.parse(TemplateBody), physicalIds };
}

/** @returns undefined when the stack does not exist */
export async function stackStatus(
  stackName: string,
  client: CloudFormationClient,
): Promise<string | undefined> {
  try {
    const { Stacks = [] } = await client.send(new DescribeStacksCommand({ StackName: stackName }));
    return Stacks[0]?.StackStatus;
  } catch (error) {
    const { name, message } = error as Error;
    if (name === 'ValidationError' && /does not exist/.test(message)) return undefined;
    throw error;
  }
}

/**
 * The template of the stack as it is, with the adopted resources as the service's template has them. An import may
 * change nothing else, and references to resources that do not exist yet have to wait for the deployment.
 */
export function importTemplate(
  template: Template,
  adopted: Pick<Kept, 'logicalId'>[],
  existing: Template = { Resources: {} },
): Template {
  const there = new Set([...Object.keys(existing.Resources), ...adopted.map(({ logicalId }) => logicalId)]);
  const resources = adopted.map(({ logicalId }) => {
    const { DependsOn: _order, Properties = {}, ...resource } = template.Resources[logicalId] as Resource;
    const kept = Object.entries(Properties).filter(([, value]) =>
      references(value, template).every((reference) => there.has(reference)),
    );
    return [logicalId, { ...resource, Properties: Object.fromEntries(kept) }];
  });
  return { ...existing, Resources: { ...existing.Resources, ...Object.fromEntries(resources) } };
}

/** The logical ids of a template's resources that a value refers to, in whatever function. */
function references(value: unknown, { Resources }: Template): string[] {
  const names = JSON.stringify(value ?? null).match(/[A-Za-z0-9]+/g) ?? [];
  return [...new Set(names)].filter((name) => name in Resources);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const longestBody = 51_200;

/** A long template goes through the stack's deployment bucket, as the framework does it. */
async function templateOf(body: string, stack: Stack | undefined, { s3 }: Clients) {
  if (Buffer.byteLength(body) <= longestBody) return { TemplateBody: body };
  const Bucket = stack?.physicalIds.get('ServerlessDeploymentBucket');
  if (!Bucket)
    throw new Error(`A template of ${body.length} bytes needs the stack's ServerlessDeploymentBucket.`);
  const Key = 'serverless/adoption.json';
  await s3.send(new PutObjectCommand({ Bucket, Key, Body: body }));
  const region = await s3.config.region();
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return { TemplateURL: `https://${Bucket}.s3.${region}.${domain}/${Key}` };
}

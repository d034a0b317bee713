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
 * Gives a stack what an earlier one of its name left behind, or a deployment that failed, so that the next deployment goes on
 * with it instead of meeting names that are taken. Nothing of what is adopted is changed.
 *
 * @param template the packaged template of the service
 * @returns what was adopted; nothing when there is nothing left
 * @throws when CloudFormation refuses; the stack is then as it was
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
  // Of this attempt alone: an earlier one may have been interrupted, and its change set is still there.
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
    // An import makes the stack that it is for, which without it has nothing, and would be in the way.
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

/** @returns undefined when there is no such stack, or one that was never made */
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

/** @returns undefined when there is no such stack */
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
 * The stack as it is, and what it adopts as the service's template has it. An import may change nothing else, and what refers
 * to resources that are not there yet waits for the deployment.
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

/** The logical ids of a template that a value names, in whatever function. */
function references(value: unknown, { Resources }: Template): string[] {
  const names = JSON.stringify(value ?? null).match(/[A-Za-z0-9]+/g) ?? [];
  return [...new Set(names)].filter((name) => name in Resources);
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html */
const longestBody = 51_200;

/** A long template goes by the bucket of the stack's deployments, as the framework's own does. */
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

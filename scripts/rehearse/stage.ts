import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
  type StackResourceSummary,
} from '@aws-sdk/client-cloudformation';
import type { Endpoint } from './endpoint.ts';

/** How the endpoint is asked by whoever may do anything. */
export const rootSettings = (endpoint: Endpoint, region: string) => ({
  endpoint: endpoint.url,
  region,
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

export const stackName = (service: string, stage: string) => `fanfold-${service}-${stage}`;

/** A deployed stack: its outputs, and what it has by logical id. */
export type Stack = {
  name: string;
  status: string;
  updated: string;
  outputs: Record<string, string>;
  resources: Record<string, StackResourceSummary>;
};

/** @returns undefined when there is no such stack */
export async function findStack(
  endpoint: Endpoint,
  region: string,
  name: string,
): Promise<Stack | undefined> {
  const client = new CloudFormationClient(rootSettings(endpoint, region));
  const { Stacks = [] } = await client
    .send(new DescribeStacksCommand({ StackName: name }))
    .catch((error: Error) => {
      if (error.name !== 'ValidationError') throw error;
      return { Stacks: [] };
    });
  const [stack] = Stacks;
  if (!stack) return undefined;
  const resources: Stack['resources'] = {};
  for await (const page of paginateListStackResources({ client }, { StackName: name })) {
    for (const resource of page.StackResourceSummaries ?? []) {
      resources[resource.LogicalResourceId ?? ''] = resource;
    }
  }
  return {
    name,
    status: stack.StackStatus ?? '',
    updated: (stack.LastUpdatedTime ?? stack.CreationTime)?.toISOString() ?? '',
    outputs: Object.fromEntries(
      (stack.Outputs ?? []).map(({ OutputKey = '', OutputValue = '' }) => [OutputKey, OutputValue]),
    ),
    resources,
  };
}

/** @throws when there is no such stack */
export async function stackOf(endpoint: Endpoint, region: string, name: string): Promise<Stack> {
  const stack = await findStack(endpoint, region, name);
  if (!stack) throw new Error(`There is no stack ${name} in ${region}.`);
  return stack;
}

import { DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from './account.ts';
import { useEndpoints } from './emulators/emulators.ts';
import { lambdaFunctions } from './mappings/mappings.ts';
import { variablesOf } from './serviceRuntime.ts';
import { freeBasePort } from './stack/ports.ts';
import { type Stack, startStack } from './stack/stack.ts';
import { templateOf } from './templates/packagedTemplates.ts';
import { provision } from './templates/provision.ts';

/** What a service has in AWS, on emulators of its own; its functions are called by the test, in this process. */
export type ProvisionedService = Stack & {
  /** What its table has, in no order. */
  items(): Promise<Record<string, unknown>[]>;
};

/** Provisions a service of `services/`, with the environment of some of its functions. */
export async function provisionService(service: string, functionKeys: string[]): Promise<ProvisionedService> {
  const stack = await startStack(await freeBasePort());
  const { endpoints, issuer } = stack.description;
  useEndpoints(endpoints);
  const resources = await templateOf(service, endpoints.aws);
  await provision(resources, endpoints);
  for (const functionKey of functionKeys) {
    const found = lambdaFunctions(resources).find(({ key }) => key === functionKey);
    const deployed = found && resources[found.logicalId];
    if (!deployed) throw new Error(`${service} has no function ${functionKey}`);
    Object.assign(process.env, variablesOf(deployed, issuer));
  }
  const TableName = String(resources.Table?.Properties.TableName);
  const client = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  return {
    ...stack,
    async items() {
      const items: Record<string, unknown>[] = [];
      for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true })) {
        items.push(...Items.map((item) => unmarshall(item)));
      }
      return items;
    },
    async stop() {
      client.destroy();
      await stack.stop();
    },
  };
}

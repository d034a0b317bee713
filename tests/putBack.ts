import {
  type AttributeValue,
  DeleteTableCommand,
  DynamoDBClient,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';
import { findStack, type StackDescription } from '@fanfold/local-cloud/stack';

/** A table as it was, to be put back as point-in-time recovery does: a new one, whose stream has nothing. */
export type KeptTable = { putBack(): Promise<void> };

/** Remembers what a service's table has now. */
export async function keepTable(base: number, service: string): Promise<KeptTable> {
  const { endpoints } = (await findStack(base)) as StackDescription;
  const TableName = `fanfold-local-${service}`;
  const client = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  const kept: Record<string, AttributeValue>[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName, ConsistentRead: true })) {
    kept.push(...Items);
  }
  return {
    async putBack() {
      const resources = Object.entries(await templateOf(service, endpoints.aws));
      await client.send(new DeleteTableCommand({ TableName }));
      const table = resources.filter(([, { Properties }]) => Properties.TableName === TableName);
      await provision(Object.fromEntries(table), endpoints);
      for (const Item of kept) await client.send(new PutItemCommand({ TableName, Item }));
    },
  };
}

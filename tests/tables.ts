import {
  type AttributeValue,
  BatchWriteItemCommand,
  DynamoDBClient,
  paginateScan,
} from '@aws-sdk/client-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { findStack, type StackDescription } from '@fanfold/local-cloud/stack';

export type Item = Record<string, AttributeValue>;

/** The tables of a running stack, read and written past its services. They are named as in `payments-sandbox`. */
export class Tables {
  readonly #client: DynamoDBClient;

  private constructor(client: DynamoDBClient) {
    this.#client = client;
  }

  static async of(base: number): Promise<Tables> {
    const { endpoints } = (await findStack(base)) as StackDescription;
    return new Tables(new DynamoDBClient(clientConfiguration(endpoints.dynamodb)));
  }

  async itemsOf(table: string): Promise<Item[]> {
    const items: Item[] = [];
    const request = { TableName: nameOf(table), ConsistentRead: true };
    for await (const { Items = [] } of paginateScan({ client: this.#client }, request)) items.push(...Items);
    return items;
  }

  /** Gives a table these items and no others. Its stream goes on. */
  async replace(table: string, items: Item[]): Promise<void> {
    const lost = (await this.itemsOf(table)).map(({ pk, sk }) => ({
      DeleteRequest: { Key: { pk, ...(sk && { sk }) } as Item },
    }));
    const kept = items.map((Item) => ({ PutRequest: { Item } }));
    for (const writes of [lost, kept]) {
      for (let i = 0; i < writes.length; i += 25) {
        const RequestItems = { [nameOf(table)]: writes.slice(i, i + 25) };
        await this.#client.send(new BatchWriteItemCommand({ RequestItems }));
      }
    }
  }
}

const nameOf = (table: string): string => `fanfold-local-${table}`;

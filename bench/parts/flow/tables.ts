import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';

/** What billing and audit have in their tables. */
export type Tables = {
  count(): Promise<{ invoices: number; events: number }>;
  /** Which of these payments, each `<merchant>#<id>`, have an invoice, and of which audit knows that it was issued. */
  find(payments: string[]): Promise<{ invoiced: string[]; audited: string[] }>;
};

export async function openTables(endpoint: string): Promise<Tables> {
  const dynamodb = new DynamoDBClient(clientConfiguration(endpoint));
  const billing = await tableOf('billing');
  const audit = await tableOf('audit');
  return {
    async count() {
      let invoices = 0;
      const pages = paginateScan(
        { client: dynamodb },
        { TableName: billing, FilterExpression: 'attribute_exists(invoice)', Select: 'COUNT' },
      );
      for await (const { Count = 0 } of pages) invoices += Count;
      const { Item } = await dynamodb.send(
        new GetItemCommand({ TableName: audit, Key: marshall({ pk: 'head', sk: 'head' }) }),
      );
      return { invoices, events: Number(Item?.size?.N ?? 0) };
    },
    async find(payments) {
      // Two keys for each, and a hundred in a call.
      const some = payments.slice(0, 50);
      const keys = new Map(some.map((payment) => [payment.replace('#pay_', '#inv_'), payment]));
      const { Responses = {} } = await dynamodb.send(
        new BatchGetItemCommand({
          RequestItems: {
            [billing]: { Keys: [...keys.keys()].map((pk) => marshall({ pk })), ProjectionExpression: 'pk' },
            [audit]: {
              Keys: [...keys.keys()].map((pk) => marshall({ pk, sk: '0000000001' })),
              ProjectionExpression: 'pk',
            },
          },
        }),
      );
      const found = (table: string) => (Responses[table] ?? []).map(({ pk }) => keys.get(pk?.S ?? '') ?? '');
      return { invoiced: found(billing), audited: found(audit) };
    },
  };
}

async function tableOf(service: string): Promise<string> {
  const { Table } = await templateOf(service);
  return String(Table?.Properties.TableName);
}

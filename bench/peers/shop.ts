import { randomUUID } from 'node:crypto';
import { type DynamoDBDocumentClient, GetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import * as z from 'zod';

// What the two designs that Fanfold is compared with have in common: the same business as Fanfold's, in the simplest code
// that does it. No transparency log, no closing of days, no erasure, no provider whose answer may get lost.

export const paymentRequest = z.object({
  amount: z.number().int().positive(),
  currency: z.string().length(3),
  paymentMethod: z.string(),
  orderId: z.string(),
  description: z.string().optional(),
  customer: z.object({
    name: z.string(),
    email: z.string().optional(),
    address: z.record(z.string(), z.string()),
  }),
  lines: z.array(
    z.object({ description: z.string(), quantity: z.number(), unitAmount: z.number(), taxRate: z.string() }),
  ),
});

/** A request of an API Gateway REST API, as far as the functions look at it. */
export type RestRequest = {
  headers: Record<string, string>;
  requestContext: { authorizer: { claims: { merchant_id: string } } };
  body: string;
};

export type Payment = z.infer<typeof paymentRequest> & {
  id: string;
  merchantId: string;
  status: 'captured';
  createdAt: string;
  invoiceNumber?: string;
};

export type Invoice = Pick<Payment, 'merchantId' | 'orderId' | 'currency' | 'customer'> & {
  id: string;
  number: string;
  paymentId: string;
  issueDate: string;
  lines: (Payment['lines'][number] & { net: number; tax: number; gross: number })[];
  totals: { net: number; tax: number; gross: number };
};

export const shopEvent = z.object({
  id: z.string(),
  type: z.enum(['payment.captured', 'invoice.issued']),
  time: z.string(),
  merchantId: z.string(),
  correlationId: z.string(),
  data: z.record(z.string(), z.unknown()),
});
export type ShopEvent = z.infer<typeof shopEvent>;

export const takePayment = (request: z.infer<typeof paymentRequest>, merchantId: string): Payment => ({
  ...request,
  id: `pay_${randomUUID()}`,
  merchantId,
  status: 'captured',
  createdAt: new Date().toISOString(),
});

export const captured = (payment: Payment): ShopEvent => ({
  id: randomUUID(),
  type: 'payment.captured',
  time: payment.createdAt,
  merchantId: payment.merchantId,
  correlationId: payment.id,
  data: payment,
});

export function invoiceFor(payment: Payment, count: number): Invoice {
  const lines = payment.lines.map((line) => {
    const net = line.quantity * line.unitAmount;
    const tax = Math.round((net * Number(line.taxRate)) / 100);
    return { ...line, net, tax, gross: net + tax };
  });
  const sumOf = (member: 'net' | 'tax' | 'gross') => lines.reduce((sum, line) => sum + line[member], 0);
  const { merchantId, orderId, currency, customer } = payment;
  return {
    id: `inv_${payment.id.slice(4)}`,
    number: `INV-2026-${String(count).padStart(6, '0')}`,
    paymentId: payment.id,
    issueDate: new Date().toISOString().slice(0, 10),
    ...{ merchantId, orderId, currency, customer, lines },
    totals: { net: sumOf('net'), tax: sumOf('tax'), gross: sumOf('gross') },
  };
}

export const issued = (invoice: Invoice): ShopEvent => ({
  id: randomUUID(),
  type: 'invoice.issued',
  time: new Date().toISOString(),
  merchantId: invoice.merchantId,
  correlationId: invoice.paymentId,
  data: invoice,
});

type TransactItems = NonNullable<ConstructorParameters<typeof TransactWriteCommand>[0]['TransactItems']>;

/** Writes an invoice and the counter that it takes its number from in one transaction, and again when another was first. */
export async function issueNext(
  documents: DynamoDBDocumentClient,
  table: string,
  counterKey: string,
  writesOf: (count: number) => TransactItems,
): Promise<void> {
  for (;;) {
    const { Item } = await documents.send(
      new GetCommand({ TableName: table, Key: { pk: counterKey }, ConsistentRead: true }),
    );
    const count = (Item?.count ?? 0) + 1;
    try {
      await documents.send(
        new TransactWriteCommand({
          TransactItems: [
            {
              Update: {
                TableName: table,
                Key: { pk: counterKey },
                UpdateExpression: 'SET #count = :count',
                ConditionExpression: 'attribute_not_exists(pk) OR #count = :before',
                ExpressionAttributeNames: { '#count': 'count' },
                ExpressionAttributeValues: { ':count': count, ':before': count - 1 },
              },
            },
            ...writesOf(count),
          ],
        }),
      );
      return;
    } catch (error) {
      if ((error as Error).name !== 'TransactionCanceledException') throw error;
    }
  }
}

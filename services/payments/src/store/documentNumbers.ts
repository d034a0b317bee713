import { ConditionalCheckFailedException, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { Unprocessable } from '@fanfold/runtime/unprocessable';
import { isPaymentId, keyOf, newWriteId, paymentOf } from './items.ts';
import { tableName } from './table.ts';

/** Stores the number of the invoice that billing issued for a payment. */
export const noteInvoiceNumber = (merchantId: string, paymentId: string, number: string): Promise<void> =>
  note({ merchantId, paymentId, field: 'invoiceNumber' }, number);

/** Stores the number of the credit note that billing issued for a refund. */
export const noteCreditNoteNumber = (
  merchantId: string,
  paymentId: string,
  refundId: string,
  number: string,
): Promise<void> => note({ merchantId, paymentId, refundId, field: 'creditNoteNumber' }, number);

/** Stores the number of the invoice that reverses the credit note of a refund which failed after it had succeeded. */
export const noteReversalNumber = (
  merchantId: string,
  paymentId: string,
  refundId: string,
  number: string,
): Promise<void> => note({ merchantId, paymentId, refundId, field: 'reversalInvoiceNumber' }, number);

/** Whose number it is: the payment's own, or that of one of its refunds. */
type Place = { merchantId: string; paymentId: string } & (
  | { refundId?: undefined; field: 'invoiceNumber' }
  | { refundId: string; field: 'creditNoteNumber' | 'reversalInvoiceNumber' }
);

/** One write without a read. It has no event, so it removes the numbers of the previous write's events. */
async function note(place: Place, number: string): Promise<void> {
  const { merchantId, paymentId, refundId, field } = place;
  const attribute = refundId === undefined ? field : `refunds.#refund.${field}`;
  if (!isPaymentId(paymentId)) throw unknownPayment(paymentId);
  // No attribute has an empty name, and DynamoDB would refuse the request.
  if (refundId === '') throw unknownRefund(paymentId, refundId);
  try {
    await dynamodb.send(
      new UpdateItemCommand({
        TableName: tableName(),
        Key: keyOf(merchantId, paymentId),
        UpdateExpression: `SET ${attribute} = :number, version = version + :one, updatedAt = :now, said = :nothing, saysNothing = :true, writeId = :writeId`,
        ConditionExpression: `${attribute} = :none`,
        ExpressionAttributeNames: refundId === undefined ? undefined : { '#refund': refundId },
        ExpressionAttributeValues: marshall({
          ':number': number,
          ':one': 1,
          ':now': new Date().toISOString(),
          ':nothing': [],
          ':true': true,
          ':none': null,
          ':writeId': newWriteId(),
        }),
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    );
  } catch (error) {
    if (!(error instanceof ConditionalCheckFailedException)) throw error;
    if (!error.Item) throw unknownPayment(paymentId);
    const { invoiceNumber, refunds } = paymentOf(error.Item);
    const noted = place.refundId === undefined ? invoiceNumber : refunds[place.refundId]?.[place.field];
    if (noted === undefined) throw unknownRefund(paymentId, refundId);
    if (noted !== number)
      throw new Unprocessable('contradiction', `${paymentId} already has the number ${noted}`);
  }
}

const unknownPayment = (id: string): Unprocessable =>
  new Unprocessable('unknown-payment', `There is no payment ${id}`);

const unknownRefund = (paymentId: string, id: string | undefined): Unprocessable =>
  new Unprocessable('unknown-refund', `${paymentId} has no refund ${id}`);

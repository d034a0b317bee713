import { createHash } from 'node:crypto';
import type { EventOfType } from '@fanfold/contracts/catalog';
import { makeEvent, operatorMerchantId, type Trace } from '@fanfold/contracts/event';
import { paymentsDifferenceFound } from '@fanfold/contracts/payments';
import type { Moment } from './payment.ts';

export type DifferenceFound = EventOfType<'payments.difference-found.v1'>;

/** Something that the payment provider and payments do not agree on, which a person has to settle. */
export type Difference = {
  subject: string;
  merchantId: string;
  data: DifferenceFound['data'];
  foundAt: string;
  trace: Trace;
};

/**
 * A difference as it is stored. Found again it has the same subject, so that it is stored once.
 *
 * @param merchantId undefined when nothing says whose it is: then it is the operators'
 */
export function differenceOf(
  merchantId: string | undefined,
  data: Difference['data'],
  { now, trace }: Pick<Moment, 'now' | 'trace'>,
): Difference {
  const hash = createHash('sha256')
    .update(JSON.stringify([merchantId ?? null, data]))
    .digest('hex');
  return {
    subject: `dif_${hash.slice(0, 32)}`,
    merchantId: merchantId ?? operatorMerchantId,
    data,
    foundAt: now.toISOString(),
    trace,
  };
}

export const eventOfDifference = ({
  subject,
  merchantId,
  data,
  foundAt,
  trace,
}: Difference): DifferenceFound =>
  makeEvent(paymentsDifferenceFound, {
    subject,
    n: 1,
    time: foundAt,
    merchantid: merchantId,
    trace,
    data,
  });

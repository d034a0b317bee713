import { createHash } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { auditNumberTwice } from '@fanfold/contracts/audit';
import { type Event, makeEvent } from '@fanfold/contracts/event';
import { type ErasureItem, erasedEventOf } from './erasures.ts';
import { type FindingItem, findingEventOf } from './findings.ts';
import type { NumberTwice, NumberTwiceItem } from './numbersTwice.ts';

/** The events of the write that this image of the stream shows. */
export function eventsOf(image: Record<string, AttributeValue>): Event[] {
  const { finding, said, erasure, numberTwice } = unmarshall(image) as Partial<
    FindingItem & ErasureItem & NumberTwiceItem
  >;
  if (erasure) return [erasedEventOf(erasure)];
  if (numberTwice) return [numberTwiceEventOf(numberTwice)];
  return finding && said ? [findingEventOf(finding)] : [];
}

const numberTwiceEventOf = (numberTwice: NumberTwice): Event => {
  const { merchantId, number, documents, foundAt, trace } = numberTwice;
  const id = createHash('sha256')
    .update(JSON.stringify([merchantId, number, documents.at(-1)]))
    .digest('hex');
  return makeEvent(auditNumberTwice, {
    subject: `twi_${id.slice(0, 32)}`,
    n: 1,
    time: foundAt,
    merchantid: merchantId,
    trace,
    data: { number, documents },
  });
};

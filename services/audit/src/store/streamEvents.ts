import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { type ErasureItem, erasedEventOf } from './erasures.ts';
import { type FindingItem, findingEventOf } from './findings.ts';

/** The events of the write that this image of the stream shows. */
export function eventsOf(image: Record<string, AttributeValue>): Event[] {
  const { finding, said, erasure } = unmarshall(image) as Partial<FindingItem & ErasureItem>;
  if (erasure) return [erasedEventOf(erasure)];
  return finding && said ? [findingEventOf(finding)] : [];
}

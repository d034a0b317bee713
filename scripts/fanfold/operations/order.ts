import { randomBytes } from 'node:crypto';
import { type Event, makeEvent, maxEventBytes, operatorMerchantId } from '@fanfold/contracts/event';
import { operationOrdered } from '@fanfold/contracts/operator';
import { chunksOf } from '@fanfold/runtime/batch';
import { messageAttributesOf } from '@fanfold/runtime/messageAttributes';
import type { Cloud } from '../aws/cloud.ts';
import { batchesOf, toTopic } from '../aws/sending.ts';
import { messageOf } from '../errors.ts';

type Ordered = (typeof operationOrdered)['schema']['_output']['data'];

/** What an operator is about to do. */
export type Order = Pick<Ordered, 'reason' | 'filters' | 'messages'> & {
  command:
    | 'dlq redrive'
    | 'dlq discard'
    | 'dlq edit'
    | 'dlq put-aside'
    | 'dlq restore'
    | 'replay'
    | 'republish'
    | 'audit erase'
    | 'restore'
    | 'stage stop'
    | 'stage start';
};

/** What all events of an order have in common. */
export type OrderFacts = {
  operationId: string;
  stage: string;
  orderedBy: string;
  time: Date;
  traceparent: string;
};

/**
 * Says what is about to be done, so that it stands in the audit trail, and gives the operation's id. Nothing may be done
 * before.
 *
 * @param more what is published with it, before anything is done
 * @throws when it could not be said as a whole
 */
export async function order(
  cloud: Cloud,
  order: Order,
  more: (facts: OrderFacts) => Event[] = () => [],
): Promise<string> {
  const operationId = `op_${randomBytes(16).toString('hex')}`;
  const facts = {
    operationId,
    stage: cloud.stage,
    orderedBy: cloud.operator,
    time: new Date(),
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`,
  };
  const events = [...operationEvents(order, facts), ...more(facts)];
  const messages = events.map((event) => ({
    body: JSON.stringify(event),
    attributes: messageAttributesOf(event),
  }));
  try {
    for (const batch of batchesOf(messages)) {
      const [failure] = (await toTopic(cloud)(batch)).values();
      if (failure) throw new Error(failure);
    }
  } catch (error) {
    throw new Error(
      `Nothing was done, because the order could not be published for the audit trail: ${messageOf(error)}. ` +
        `In AWS only the role fanfold-${cloud.stage}-operator may publish: docs/operations.md, "The operator's role".`,
    );
  }
  return operationId;
}

/** Room for everything in an event beside the list of messages. */
const otherBytes = 8 * 1024;

/** The events that an order makes, as many as its messages need, and one when it names none. */
export function operationEvents({ messages, ...order }: Order, facts: OrderFacts): Event[] {
  const { operationId, stage, orderedBy, time, traceparent } = facts;
  const parts = chunksOf(messages, (message) => Buffer.byteLength(JSON.stringify(message)) + 1, {
    entries: messages.length,
    bytes: maxEventBytes - otherBytes,
  });
  return (parts.length > 0 ? parts : [[]]).map((part, i) =>
    makeEvent(operationOrdered, {
      subject: operationId,
      n: i + 1,
      time: time.toISOString(),
      merchantid: operatorMerchantId,
      trace: { correlationid: operationId, causationid: operationId, traceparent },
      data: { ...order, stage, orderedBy, total: messages.length, messages: part },
    }),
  );
}

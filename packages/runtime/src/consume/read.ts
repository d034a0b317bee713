import { catalog, type EventOfType, type EventType } from '@fanfold/contracts/catalog';
import { maxEventBytes } from '@fanfold/contracts/event';
import type { SQSRecord } from 'aws-lambda';
import { firstIssue, Unprocessable } from '../unprocessable.ts';

/** An event of a batch with its messages: one, or several with the same body. */
export type Received<E> = { event: E; body: string; records: SQSRecord[] };

/**
 * The events of a batch in order, each once; and the messages that have no event or have to come again, each with its
 * error.
 */
export type Batch<E> = { received: Received<E>[]; failed: Map<SQSRecord, unknown> };

export function readBatch<E extends { id: string }>(
  records: SQSRecord[],
  read: (body: string) => E,
): Batch<E> {
  const byId = new Map<string, Received<E>>();
  const failed = new Map<SQSRecord, unknown>();
  for (const record of records) {
    try {
      const event = read(record.body);
      const seen = byId.get(event.id);
      if (!seen) byId.set(event.id, { event, body: record.body, records: [record] });
      else if (seen.body === record.body) seen.records.push(record);
      // The handler will find out which one is right, by comparing with what is stored.
      else throw new Error(`${event.id} is in this batch with another content and comes again alone`);
    } catch (error) {
      failed.set(record, error);
    }
  }
  return { received: [...byId.values()], failed };
}

/** @throws Unprocessable when the message will never be an event that this service subscribes to */
export function readEvent<Type extends EventType>(
  body: string,
  subscribedTypes: readonly Type[],
): EventOfType<Type> {
  if (Buffer.byteLength(body) > maxEventBytes) {
    throw new Unprocessable('too-large', `An event may have ${maxEventBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new Unprocessable('not-json', 'The message is not JSON');
  }
  const { specversion, type } = (value ?? {}) as { specversion?: unknown; type?: unknown };
  if (specversion !== '1.0' || typeof type !== 'string') {
    throw new Unprocessable(
      'not-cloudevents',
      'The message is not a CloudEvents 1.0 event in structured JSON',
    );
  }
  if (!(subscribedTypes as readonly string[]).includes(type)) {
    throw new Unprocessable(
      'unknown-type',
      `${type.slice(0, 100)} is not among the types that this service subscribes to`,
    );
  }
  const result = catalog[type as Type].schema.safeParse(value);
  if (!result.success) {
    throw new Unprocessable('schema-violation', firstIssue(result.error));
  }
  return result.data as EventOfType<Type>;
}

import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import type { Payment } from '../payment/payment.ts';
import { type Positions, shards } from './items.ts';
import { loadAll } from './payments.ts';
import { tableName } from './table.ts';

/** Payments of one merchant, and where to go on after them. */
export type Segment = { merchantId: string; payments: Payment[]; positions: Positions };

/**
 * Every payment whose last event was on one of these days, each once, merchant by merchant in the order of their ids.
 * The days have to be in order, the oldest first. All partitions of the index are read in parallel, a hundred
 * payments of each at a time.
 */
export async function* merchantByMerchant(days: string[], from: Positions): AsyncGenerator<Segment> {
  const parts = [...shards].map((shard) => new PartOfDays(shard, days, from[shard]));
  for (;;) {
    await Promise.all(parts.map((part) => part.readOn()));
    const [merchantId] = parts.flatMap(({ merchantId }) => merchantId ?? []).sort(byKey);
    if (merchantId === undefined) return;
    const payments = parts.flatMap((part) => part.take(merchantId));
    const positions = Object.fromEntries(
      parts.flatMap(({ shard, after }) => (after === undefined ? [] : [[shard, after]])),
    );
    yield { merchantId, payments, positions };
  }
}

/** In the order of the index: an id that begins with another one comes after it. */
const byKey = (a: string, b: string): number => (`${a}#` < `${b}#` ? -1 : 1);

/** A partition of the index on several days, in the order of its keys. */
class PartOfDays {
  readonly shard: string;
  /** The key of the last payment that was taken. */
  after: string | undefined;
  readonly #days: string[];
  #payments: Payment[] = [];
  /** Up to where they were read; undefined at the end, and before the beginning. */
  #upTo: string | undefined;
  #isRead = false;

  constructor(shard: string, days: string[], after: string | undefined) {
    this.shard = shard;
    this.#days = days;
    this.after = after;
  }

  get merchantId(): string | undefined {
    return this.#payments[0]?.merchantId;
  }

  /** Reads until there is a payment to take, or the end. */
  async readOn(): Promise<void> {
    while (this.#payments.length === 0 && !this.#isRead) {
      this.after = this.#upTo ?? this.after;
      const keys = await this.#nextKeys();
      this.#payments = await loadAll(keys.map((pk) => ({ pk: { S: pk } })));
      this.#isRead = this.#upTo === undefined;
    }
  }

  /** Takes the next payments that were read, as far as they are this merchant's. */
  take(merchantId: string): Payment[] {
    const other = this.#payments.findIndex((payment) => payment.merchantId !== merchantId);
    const taken = this.#payments.splice(0, other < 0 ? this.#payments.length : other);
    const last = taken.at(-1);
    if (last) this.after = `${merchantId}#${last.id}`;
    return taken;
  }

  /**
   * Reads the same range of keys of each day, the oldest day first: a payment that gets a new event meanwhile moves
   * to a later day, which is still to be read. (Indexes are eventually consistent: one that moves in this very second
   * could be missed.)
   */
  async #nextKeys(): Promise<string[]> {
    const keys = new Set<string>();
    let upTo: string | undefined;
    for (const day of this.#days) {
      const { Items = [], LastEvaluatedKey } = await dynamodb.send(
        new QueryCommand({
          TableName: tableName(),
          IndexName: 'ByDay',
          KeyConditionExpression: `#day = :part${stretch(this.after, upTo)}`,
          ExpressionAttributeNames: { '#day': 'day' },
          ExpressionAttributeValues: marshall(
            { ':part': `${day}#${this.shard}`, ':after': this.after, ':upTo': upTo },
            { removeUndefinedValues: true },
          ),
          Limit: 100,
        }),
      );
      for (const { pk } of Items) keys.add(pk?.S ?? '');
      upTo = LastEvaluatedKey?.pk?.S ?? upTo;
    }
    this.#upTo = upTo;
    const { after = '' } = this;
    return [...keys].filter((pk) => pk > after && (upTo === undefined || pk <= upTo)).sort();
  }
}

function stretch(after: string | undefined, upTo: string | undefined): string {
  if (after !== undefined && upTo !== undefined) return ' AND pk BETWEEN :after AND :upTo';
  if (after !== undefined) return ' AND pk > :after';
  return upTo === undefined ? '' : ' AND pk <= :upTo';
}

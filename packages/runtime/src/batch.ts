import type { MessageAttributes } from './messageAttributes.ts';

/** The limits of one call, in entries and in bytes of all of them together. */
export type Limits = { entries: number; bytes: number };

/** SNS PublishBatch and SQS SendMessageBatch take ten entries, and SNS 256 KiB, attributes included. */
export const messaging: Limits = { entries: 10, bytes: 256 * 1024 };

/** The bytes of a message. Its attributes count a little less than their JSON. */
export const messageBytes = ({ body, attributes }: { body: string; attributes: MessageAttributes }): number =>
  Buffer.byteLength(body) + Buffer.byteLength(JSON.stringify(attributes));

/** The response of SNS and SQS to a call with several entries. */
type BatchAnswer = {
  Successful?: { Id?: string | undefined }[] | undefined;
  Failed?: Refused[] | undefined;
};
type Refused = {
  Id?: string | undefined;
  Code?: string | undefined;
  Message?: string | undefined;
  SenderFault?: boolean | undefined;
};

/**
 * The entries of a batch call that were not done although the call succeeded, with the error of each. Only entries in
 * `Successful` count as done: one that is in neither list may never have been processed.
 *
 * @param items the entries, in order: each one's `Id` in the call is its index
 */
export function notConfirmed<Item>(
  items: Item[],
  { Successful = [], Failed = [] }: BatchAnswer,
): Map<Item, Refused> {
  const refused = new Map(Failed.map((each) => [each.Id, each]));
  const confirmed = new Set(Successful.map(({ Id }) => Id));
  const left = items.flatMap((item, i): [Item, Refused][] => {
    const failure = refused.get(String(i));
    return confirmed.has(String(i)) && !failure ? [] : [[item, failure ?? notNamed]];
  });
  return new Map(left);
}

const notNamed: Refused = { Code: 'NotConfirmed', Message: 'the answer does not name it' };

/** A Lambda response: 6 MB, which leaves enough room for the rest of it. */
export const lambdaAnswer: Limits = { entries: Number.POSITIVE_INFINITY, bytes: 4_000_000 };

/** Splits a list by the limits of one call: by default those of a batch of messages. */
export function chunksOf<Item>(
  items: Item[],
  bytesOf: (item: Item) => number,
  limits: Limits = messaging,
): Item[][] {
  const chunks: Item[][] = [];
  let bytes = 0;
  for (const item of items) {
    const size = bytesOf(item);
    const last = chunks.at(-1);
    if (!last || last.length === limits.entries || bytes + size > limits.bytes) {
      chunks.push([item]);
      bytes = size;
    } else {
      last.push(item);
      bytes += size;
    }
  }
  return chunks;
}

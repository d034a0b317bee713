import { ConditionalCheckFailedException, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { dynamodb } from './dynamodb.ts';
import { environmentVariable } from './env.ts';
import { isRefusedWith, readObject, writeObject } from './objects.ts';

/**
 * The mark of a service: a time that a scheduled function writes each minute, first into the service's own table, then
 * into a bucket, which has no point-in-time recovery. So the table's mark is never older than the bucket's, unless the
 * table was put back to an earlier time: then it lacks what the service wrote between the two.
 */
export type Marked = {
  /** The service's name, which is the key of its object in the bucket. */
  service: string;
  tableName: () => string;
};

/** What a table lacks that was put back: the time of its own mark, if it has one, and that of the bucket's. */
export type Lack = { from: string | null; to: string };

/** Marks are written each minute. An older one is compared with the bucket's. */
const freshForMs = 3 * 60_000;

/**
 * What the table lacks, as those ask who write. As long as its mark is fresh, and no run that raises marks has found it
 * behind, that costs one read. A table that was put back by less than three minutes is found with the next of these runs.
 *
 * @throws when a mark cannot be read, and so it is not known
 */
export async function lackBeforeWriting(marked: Marked, now: Date): Promise<Lack | undefined> {
  const item = await readItem(marked);
  const isFresh = item && Math.abs(now.getTime() - Date.parse(item.at)) <= freshForMs;
  return isFresh && !item.isBehind ? undefined : compare(marked, item?.at, await readBucketMark(marked));
}

/**
 * What the table lacks, by both marks. Without a mark in the bucket nothing can be compared, so nothing is found: a bucket
 * that was lost does no harm.
 *
 * @throws when a mark cannot be read, and so it is not known
 */
export const lackOf = async (marked: Marked): Promise<Lack | undefined> =>
  compare(marked, await readTableMark(marked), await readBucketMark(marked));

/** A mark in the bucket, and the version of its object. */
type BucketMark = { at: string; etag: string };

async function compare(
  marked: Marked,
  inTable: string | undefined,
  inBucket: BucketMark | undefined,
): Promise<Lack | undefined> {
  if (!inBucket || (inTable !== undefined && inTable >= inBucket.at)) return undefined;
  // Between the two reads both may have been raised. The table's is raised first, so it is as new as the bucket's now.
  const again = await readTableMark(marked);
  if (again !== undefined && again >= inBucket.at) return undefined;
  return { from: again ?? null, to: inBucket.at };
}

/**
 * Raises both marks to this time, unless the table lacks something: that is noted beside its mark then, for those who write.
 * A clock that went back does not take a mark back. Of two runs at once one raises them.
 *
 * @returns what the table lacks; then both marks are as they were
 */
export async function raiseMarks(marked: Marked, now: Date): Promise<Lack | undefined> {
  const item = await readItem(marked);
  const inTable = item?.at;
  const inBucket = await readBucketMark(marked);
  const lack = await compare(marked, inTable, inBucket);
  if (lack && lack.from !== null && !item?.isBehind)
    await putItem(marked, lack.from, { ...item, at: lack.from, isBehind: true });
  if (lack) return lack;
  const at = new Date(Math.max(now.getTime(), inTable === undefined ? 0 : Date.parse(inTable) + 1));
  const raised = at.toISOString();
  const { isBehind: _, ...kept } = item ?? {};
  if (await putItem(marked, inTable, { ...kept, at: raised }))
    await replaceBucketMark(marked, inBucket, raised);
  return undefined;
}

/**
 * Raises the table's mark to the bucket's: the last step of a restore, when all that the table lacked is there again.
 * From then on the service writes again.
 *
 * @param isSettled whether nothing is known elsewhere that the table does not tell of. Otherwise the time of the mark that the
 *   table was put back with is kept: {@link unsettledSince}
 * @returns what the table lacked before
 */
export async function catchUp(marked: Marked, isSettled: boolean): Promise<Lack | undefined> {
  const item = await readItem(marked);
  const inBucket = await readBucketMark(marked);
  const isBehind = inBucket !== undefined && (item === undefined || item.at < inBucket.at);
  const at = isBehind ? inBucket.at : item?.at;
  const since = isSettled ? undefined : sinceOf(item);
  if (at === undefined || (!isBehind && item?.unsettledSince === since)) return undefined;
  if (await putItem(marked, item?.at, { at, ...(since && { unsettledSince: since }) }))
    return isBehind ? { from: item?.at ?? null, to: at } : undefined;
  throw new Error(`The mark of ${marked.service} was raised meanwhile: stop its schedules, then repeat this`);
}

/**
 * Since when others may have done what the table does not tell of: since its mark, or the one that it was put back with, until
 * a restore has found that nothing is left of that. Undefined when the table has no mark.
 */
export async function unsettledSince(marked: Marked): Promise<string | undefined> {
  const item = await readItem(marked);
  return item && sinceOf(item);
}

const sinceOf = (item: MarkItem | undefined): string =>
  item?.unsettledSince ?? item?.at ?? new Date(0).toISOString();

/** No other item has this key: all others have a `#`. */
const key = { pk: 'mark' };

/** An item of the table: its stream has no event for it (payments' publisher leaves out what says nothing). */
type MarkItem = {
  pk: string;
  at: string;
  saysNothing: true;
  /** The bucket's mark was found to be newer. Whoever raises the mark takes this away. */
  isBehind?: true;
  /** Kept by a restore that left what others have done and the table does not tell of. */
  unsettledSince?: string;
};

export const readTableMark = async (marked: Marked): Promise<string | undefined> =>
  (await readItem(marked))?.at;

async function readItem({ tableName }: Marked): Promise<MarkItem | undefined> {
  const { Item } = await dynamodb.send(
    new GetItemCommand({ TableName: tableName(), Key: marshall(key), ConsistentRead: true }),
  );
  return Item && (unmarshall(Item) as MarkItem);
}

/** @returns whether it did; otherwise it was replaced since it was read, or the table was put back */
async function putItem(
  { tableName }: Marked,
  before: string | undefined,
  mark: Pick<MarkItem, 'at' | 'isBehind' | 'unsettledSince'>,
): Promise<boolean> {
  const item: MarkItem = { ...mark, ...key, saysNothing: true };
  try {
    await dynamodb.send(
      new PutItemCommand({
        TableName: tableName(),
        Item: marshall(item),
        ...(before === undefined
          ? { ConditionExpression: 'attribute_not_exists(pk)' }
          : {
              ConditionExpression: '#at = :before',
              ExpressionAttributeNames: { '#at': 'at' },
              ExpressionAttributeValues: marshall({ ':before': before }),
            }),
      }),
    );
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

const bucketName = () => environmentVariable('MARKS_BUCKET_NAME');

/** @throws Error when the object is not a mark */
export async function readBucketMark({ service }: Marked): Promise<BucketMark | undefined> {
  const object = await readObject(bucketName(), service).catch((error) => {
    if (isRefusedWith(error, 'NoSuchBucket')) return undefined;
    throw error;
  });
  if (!object) return undefined;
  const text = Buffer.from(object.bytes).toString();
  const at = new Date(text);
  if (!Number.isNaN(at.getTime()) && at.toISOString() === text) return { at: text, etag: object.etag };
  throw new Error(
    `The object ${service} of the bucket ${bucketName()} is not a time: delete it, and it is written anew within a minute`,
  );
}

/** If another run has replaced it meanwhile, or is about to, it stays as it is: the next run raises it. */
async function replaceBucketMark(
  { service }: Marked,
  before: BucketMark | undefined,
  at: string,
): Promise<void> {
  await writeObject(
    bucketName(),
    service,
    { bytes: Buffer.from(at), contentType: 'text/plain; charset=utf-8' },
    before ? { ifMatch: before.etag } : { ifMissing: true },
  ).catch((error) => {
    if (!isRefusedWith(error, 'ConditionalRequestConflict')) throw error;
  });
}

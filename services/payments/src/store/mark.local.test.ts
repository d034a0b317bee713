import { DeleteItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import {
  catchUp,
  lackBeforeWriting,
  lackOf,
  raiseMarks,
  readBucketMark,
  readTableMark,
  unsettledSince,
} from '@fanfold/runtime/mark';
import { watchS3 } from '@fanfold/runtime/objectsFixtures';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Service, startService } from '../../fixtures/service.ts';
import { marked } from './mark.ts';

let service: Service;
let dynamodb: DynamoDBClient;
let s3: S3Client;
beforeAll(async () => {
  service = await startService();
  dynamodb = new DynamoDBClient({});
  s3 = new S3Client({});
});
afterAll(async () => {
  dynamodb.destroy();
  s3.destroy();
  await service.stop();
});

const at = (time: string) => new Date(`2026-11-30T${time}.000Z`);
const Key = { pk: { S: 'mark' } };
const bucket = () => ({ Bucket: process.env.MARKS_BUCKET_NAME ?? '', Key: marked.service });

/** The table's mark, to be put back later. */
async function backup() {
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName: marked.tableName(), Key }));
  return () =>
    Item
      ? dynamodb.send(new PutItemCommand({ TableName: marked.tableName(), Item }))
      : dynamodb.send(new DeleteItemCommand({ TableName: marked.tableName(), Key }));
}
const marks = async () => [await readTableMark(marked), (await readBucketMark(marked))?.at];

beforeEach(async () => {
  await dynamodb.send(new DeleteItemCommand({ TableName: marked.tableName(), Key }));
  await s3.send(new DeleteObjectCommand(bucket()));
});

describe('Marks', () => {
  test('are raised together, and a table that has its own lacks nothing', async () => {
    for (const time of ['10:00:00', '10:01:00']) {
      expect(await raiseMarks(marked, at(time))).toBeUndefined();
      expect(await marks()).toEqual([at(time).toISOString(), at(time).toISOString()]);
    }
    // Fresh, and so old that the bucket is asked.
    for (const time of ['10:02:00', '11:00:00'])
      expect(await lackBeforeWriting(marked, at(time))).toBeUndefined();
  });

  test('tell from when to when a table lacks records, and stay as they are until it has them', async () => {
    await raiseMarks(marked, at('10:00:00'));
    const restore = await backup();
    await raiseMarks(marked, at('10:07:00'));
    await restore();
    const lack = { from: at('10:00:00').toISOString(), to: at('10:07:00').toISOString() };
    expect(await lackBeforeWriting(marked, at('10:08:00'))).toEqual(lack);
    expect(await raiseMarks(marked, at('10:08:00'))).toEqual(lack);
    expect(await marks()).toEqual([lack.from, lack.to]);

    expect(await catchUp(marked, true)).toEqual(lack);
    expect(await lackBeforeWriting(marked, at('10:20:00'))).toBeUndefined();
    expect(await catchUp(marked, true)).toBeUndefined();
    expect(await raiseMarks(marked, at('10:20:00'))).toBeUndefined();
  });

  test('tell since when what others did may not be settled, as long as a restore finds some of it', async () => {
    await raiseMarks(marked, at('10:00:00'));
    const restore = await backup();
    await raiseMarks(marked, at('10:07:00'));
    await restore();
    const [before, now] = [at('10:00:00').toISOString(), at('10:09:00').toISOString()];
    expect(await unsettledSince(marked)).toBe(before);
    await catchUp(marked, false);
    await raiseMarks(marked, at('10:09:00'));
    expect([await unsettledSince(marked), await readTableMark(marked)]).toEqual([before, now]);
    expect(await catchUp(marked, false)).toBeUndefined();
    expect(await unsettledSince(marked)).toBe(before);
    expect(await catchUp(marked, true)).toBeUndefined();
    expect(await unsettledSince(marked)).toBe(now);
    expect(await marks()).toEqual([now, now]);
  });

  test('of a table that was put back by a minute are found missing by whoever asks, and by those who write after the next run', async () => {
    await raiseMarks(marked, at('10:00:00'));
    const restore = await backup();
    await raiseMarks(marked, at('10:01:00'));
    await restore();
    const lack = { from: at('10:00:00').toISOString(), to: at('10:01:00').toISOString() };
    expect(await lackOf(marked)).toEqual(lack);
    expect(await lackBeforeWriting(marked, at('10:01:10'))).toBeUndefined();
    for (const time of ['10:02:00', '10:03:00']) expect(await raiseMarks(marked, at(time))).toEqual(lack);
    expect(await lackBeforeWriting(marked, at('10:02:01'))).toEqual(lack);
    expect(await marks()).toEqual([lack.from, lack.to]);

    await catchUp(marked, true);
    expect(await lackBeforeWriting(marked, at('10:02:02'))).toBeUndefined();
  });

  test('of a table that was found behind, and whose bucket is lost then, hold nobody up', async () => {
    await raiseMarks(marked, at('10:00:00'));
    const restore = await backup();
    await raiseMarks(marked, at('10:01:00'));
    await restore();
    await raiseMarks(marked, at('10:01:30'));
    await s3.send(new DeleteObjectCommand(bucket()));
    expect(await lackBeforeWriting(marked, at('10:01:40'))).toBeUndefined();
    expect(await raiseMarks(marked, at('10:02:00'))).toBeUndefined();
  });

  test('of a table that was put back to before it had one are missed', async () => {
    const restore = await backup();
    await raiseMarks(marked, at('10:00:00'));
    await restore();
    const lack = { from: null, to: at('10:00:00').toISOString() };
    expect(await lackBeforeWriting(marked, at('10:00:30'))).toEqual(lack);
    expect(await raiseMarks(marked, at('10:01:00'))).toEqual(lack);
    expect(await catchUp(marked, true)).toEqual(lack);
    expect(await lackBeforeWriting(marked, at('10:20:00'))).toBeUndefined();
  });

  test('that are in no bucket hold nobody up, and come back', async () => {
    await raiseMarks(marked, at('10:00:00'));
    await s3.send(new DeleteObjectCommand(bucket()));
    expect(await lackBeforeWriting(marked, at('11:00:00'))).toBeUndefined();
    await raiseMarks(marked, at('11:01:00'));
    expect(await marks()).toEqual([at('11:01:00').toISOString(), at('11:01:00').toISOString()]);
  });

  test('never go back with a clock, and a table that is put back meanwhile is still seen', async () => {
    await raiseMarks(marked, at('10:00:00'));
    const restore = await backup();
    await raiseMarks(marked, at('09:00:00'));
    const raised = '2026-11-30T10:00:00.001Z';
    expect(await marks()).toEqual([raised, raised]);
    await restore();
    expect(await lackBeforeWriting(marked, at('09:01:00'))).toEqual({
      from: at('10:00:00').toISOString(),
      to: raised,
    });
  });

  test('that many runs raise at once, while others compare, are never found to lack anything', async () => {
    await raiseMarks(marked, at('10:00:00'));
    const found = await Promise.all(
      Array.from({ length: 60 }, async (_, i) =>
        i % 2
          ? lackBeforeWriting(marked, at('12:00:00'))
          : raiseMarks(marked, new Date(at('11:00:00').getTime() + i)),
      ),
    );
    expect(found.filter((lack) => lack !== undefined)).toEqual([]);
    const [inTable = '', inBucket = ''] = await marks();
    expect(inBucket <= inTable).toBe(true);
    expect(inBucket > at('10:00:00').toISOString()).toBe(true);
  });

  test('of a run that is late do not replace those of the run after it', async () => {
    await raiseMarks(marked, at('10:00:00'));
    let isFirst = true;
    const endLate = watchS3(async (operation) => {
      if (operation !== 'PutObject' || !isFirst) return;
      isFirst = false;
      await raiseMarks(marked, at('10:02:00'));
    });
    await raiseMarks(marked, at('10:01:00'));
    endLate();
    expect(isFirst).toBe(false);
    expect(await marks()).toEqual([at('10:02:00').toISOString(), at('10:02:00').toISOString()]);
  });

  test('that are no times are refused, with what to do', async () => {
    await s3.send(new PutObjectCommand({ ...bucket(), Body: 'yesterday' }));
    await expect(lackBeforeWriting(marked, at('10:00:00'))).rejects.toThrow(
      /^The object payments of the bucket \S+ is not a time: delete it/,
    );
  });
});

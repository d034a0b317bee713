import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';

/** Where a reader is: in a table or file of its own, of which it loses nothing. */
export type Checkpoints = {
  /** The number of the last record of a shard that was handled. */
  read(shardId: string): Promise<string | undefined>;
  write(shardId: string, sequenceNumber: string): Promise<void>;
  /** The number of a subject's last event that was handled; 0 without one. */
  numberOf(subject: string): Promise<number>;
  writeNumber(subject: string, number: number): Promise<void>;
};

export type StreamedEvent = { id: string; type: string; subject: string; sequence: string; data: unknown };

/**
 * Reads what is new in each shard of the stream, from where it stopped, and handles each event once, those of a subject in
 * order. A record can be there twice: an event whose number is not higher than its subject's last is left out. The
 * checkpoint is written behind what was handled, so `handle` runs again for a record at which the reader ended.
 *
 * An example: AWS Lambda and the Kinesis Client Library keep checkpoints of shards by themselves.
 */
export async function readNew(
  client: KinesisClient,
  streamName: string,
  checkpoints: Checkpoints,
  handle: (event: StreamedEvent) => Promise<void>,
): Promise<void> {
  const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: streamName }));
  for (const { ShardId = '' } of Shards) {
    const after = await checkpoints.read(ShardId);
    const { ShardIterator } = await client.send(
      new GetShardIteratorCommand({
        StreamName: streamName,
        ShardId,
        ...(after === undefined
          ? { ShardIteratorType: 'TRIM_HORIZON' }
          : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: after }),
      }),
    );
    await readShard(client, ShardIterator, async (record) => {
      const event: StreamedEvent = JSON.parse(Buffer.from(record.Data ?? []).toString());
      const number = Number(event.sequence);
      if (number > (await checkpoints.numberOf(event.subject))) {
        await handle(event);
        await checkpoints.writeNumber(event.subject, number);
      }
      await checkpoints.write(ShardId, record.SequenceNumber ?? '');
    });
  }
}

/** Reads to the end of a shard: as far as the stream is read, or to where it was split or merged. */
async function readShard(
  client: KinesisClient,
  first: string | undefined,
  take: (record: { Data?: Uint8Array | undefined; SequenceNumber?: string | undefined }) => Promise<void>,
): Promise<void> {
  for (let iterator = first; iterator !== undefined; ) {
    const {
      Records = [],
      NextShardIterator,
      MillisBehindLatest = 0,
    } = await client.send(new GetRecordsCommand({ ShardIterator: iterator }));
    for (const record of Records) await take(record);
    iterator = Records.length === 0 && MillisBehindLatest === 0 ? undefined : NextShardIterator;
  }
}

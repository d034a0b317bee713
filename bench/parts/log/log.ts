import { hash } from 'node:crypto';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { marshall } from '@aws-sdk/util-dynamodb';
import { makeEvent } from '@fanfold/contracts/event';
import { paymentCanceled } from '@fanfold/contracts/payments';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import {
  type Edge,
  emptyEdge,
  encodeEdge,
  extend,
  hashBytes,
  leafHash,
  rootOf,
  verifyInclusion,
} from '@fanfold/tlog/merkle';
import { inclusionProof, tilesForInclusion } from '@fanfold/tlog/prove';
import { fullWidth, type Tile, tilePath } from '@fanfold/tlog/tile';
import { provideLog } from '../../../services/audit/src/provisionFixtures.ts';
import { signCheckpoint } from '../../../services/audit/src/publish/checkpoint.ts';
import { publishLog } from '../../../services/audit/src/publish/publishLog.ts';
import type { Received } from '../../../services/audit/src/record/received.ts';
import { record } from '../../../services/audit/src/record/record.ts';
import { countCalls } from '../../measuring/calls.ts';
import { median } from '../../reporting/statistics.ts';

/** What appending costs beside hashing, for batches of some size. */
export type AppendCost = {
  entriesPerBatch: number;
  microsecondsPerEntry: number;
  /** How many times the hash floor: for each entry its own hash and one of two hashes. */
  timesHashFloor: number;
};

/** What the log costs when it has so many entries. */
export type LogCost = {
  size: number;
  /** Of the head's item, which every append reads and writes. */
  edgeBytes: number;
  /** Tiles that a proof is made of (the most, of a thousand random ones), and its hashes at most. */
  tilesPerProof: number;
  hashesPerProof: number;
  /** Absent where the log would not fit here: what is there follows from the size alone. */
  measured?: {
    /** Calls of audit's consumer for a batch of 49. */
    callsPerBatch: Record<string, number>;
    millisecondsPerEvent: number;
    /** Writes to the bucket for an event, when a checkpoint is made of whole tiles. */
    putsPerEvent: number;
    microsecondsToProve: number;
    microsecondsToVerify: number;
  };
};

/** An entry as audit makes them has about so many bytes. */
const entryBytes = 330;

/**
 * Appending in memory, against the hashes that no log can do without. Rounds are interleaved, so that what else the
 * machine does slows all of them, and the median is taken.
 */
export function measureAppending(rounds: number, entriesPerRound: number): AppendCost[] {
  const entries = Array.from({ length: entriesPerRound }, (_, i) => Buffer.alloc(entryBytes, i));
  const start = extend(emptyEdge, Array<Uint8Array>(1023).fill(Buffer.alloc(hashBytes, 1)));
  const batches = [1, 49, 256, 1000];
  const times = new Map<number, number[]>([
    [0, []],
    ...batches.map((each): [number, number[]] => [each, []]),
  ]);
  const time = (key: number, run: () => void) => {
    const started = performance.now();
    run();
    times.get(key)?.push(performance.now() - started);
  };
  for (let round = 0; round <= rounds; round++) {
    // The first round only warms up.
    if (round === 1) for (const each of times.values()) each.length = 0;
    time(0, () => hashOnly(entries));
    for (const batch of batches) time(batch, () => appendAll(start, entries, batch));
  }
  const floor = median(times.get(0) ?? []);
  return batches.map((entriesPerBatch) => {
    const milliseconds = median(times.get(entriesPerBatch) ?? []);
    return {
      entriesPerBatch,
      microsecondsPerEntry: (milliseconds * 1000) / entriesPerRound,
      timesHashFloor: milliseconds / floor,
    };
  });
}

function hashOnly(entries: Uint8Array[]): void {
  const leaf = Buffer.alloc(1 + entryBytes);
  const node = Buffer.alloc(1 + 2 * hashBytes, 1);
  for (const entry of entries) {
    leaf.set(entry, 1);
    const hashed = hash('sha256', leaf, 'buffer');
    node.set(hashed, 1);
    node.set(hashed, 1 + hashBytes);
    hash('sha256', node, 'buffer');
  }
}

function appendAll(start: Edge, entries: Uint8Array[], batch: number): Edge {
  let edge = start;
  for (let i = 0; i < entries.length; i += batch) {
    edge = extend(edge, entries.slice(i, i + batch).map(leafHash));
  }
  return edge;
}

/** Events of payments of their own, as their consumer gets them. */
const receivedFrom = (from: number, count: number): Received[] =>
  Array.from({ length: count }, (_, i) => {
    const subject = `pay_${String(from + i).padStart(32, '0')}`;
    const trace = {
      correlationid: `req_${i}`,
      causationid: `req_${i}`,
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
    };
    const data = {
      paymentId: subject,
      orderId: 'order-1',
      amount: 100,
      currency: 'EUR',
      reason: 'expired',
    } as const;
    const event = makeEvent(paymentCanceled, {
      subject,
      n: 1,
      time: '2026-11-23T10:00:00.000Z',
      merchantid: 'acme',
      trace,
      data,
    });
    return { event, text: JSON.stringify(event) };
  });

/** What one transaction takes (services/audit/src/store/log.ts). */
const batchSize = 49;

/**
 * Appends to a log that has so many entries already, on emulators, with the code of audit's consumer and publisher.
 *
 * @param size a multiple of 256
 */
export async function measureLog(size: number, batches: number): Promise<LogCost> {
  const tree = treeOf(size);
  const emulators = await startEmulators();
  try {
    useEndpoints(emulators.endpoints);
    await provideLog(emulators.endpoints);
    await seed(tree, emulators.endpoints);
    const received = receivedFrom(size, batches * batchSize);
    const started = performance.now();
    const calls = await countCalls(async () => {
      for (let i = 0; i < received.length; i += batchSize) {
        const failures = await record(received.slice(i, i + batchSize));
        if (failures.size > 0)
          throw new Error('Not all of it was recorded', { cause: [...failures.values()][0] });
      }
    });
    const milliseconds = performance.now() - started;
    let published = 0;
    const publishing = await countCalls(async () => {
      ({ published } = await publishLog('size'));
    });
    const callsPerBatch = Object.fromEntries(
      Object.entries(calls).map(([call, count]) => [call.replace('DynamoDB ', ''), count / batches]),
    );
    return {
      ...costOf(size),
      measured: {
        callsPerBatch,
        millisecondsPerEvent: milliseconds / received.length,
        putsPerEvent: (publishing['S3 PutObject'] ?? 0) / published,
        ...measureProofs(tree),
      },
    };
  } finally {
    await emulators.stop();
  }
}

/** What follows from a size alone. */
export function costOf(size: number): LogCost {
  const indexes = Array.from({ length: 1000 }, () => Math.floor(Math.random() * size));
  return {
    size,
    edgeBytes: Math.ceil(Math.log2(size + 1)) * hashBytes,
    tilesPerProof: Math.max(...indexes.map((index) => tilesForInclusion(index, size).length)),
    hashesPerProof: Math.ceil(Math.log2(size)),
  };
}

/** A log in memory: its edge, and the hashes of each level of tiles. */
type Tree = { size: number; edge: Edge; levels: Uint8Array[][] };

function treeOf(size: number): Tree {
  let hashes = Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`entry ${i}`.padEnd(entryBytes))));
  const edge = extend(emptyEdge, hashes);
  const levels = [hashes];
  while (hashes.length >= fullWidth) {
    const above: Uint8Array[] = [];
    for (let i = 0; i + fullWidth <= hashes.length; i += fullWidth) {
      above.push(rootOf(extend(emptyEdge, hashes.slice(i, i + fullWidth))));
    }
    levels.push(above);
    hashes = above;
  }
  return { size, edge, levels };
}

const bytesOf = ({ levels }: Tree, { level, index, width }: Tile): Uint8Array => {
  const first = Number(index) * fullWidth;
  return Buffer.concat(levels[Number(level)]?.slice(first, first + width) ?? []);
};

/** Puts the head and the last files of a log in place, as if it had been written all along. */
async function seed(tree: Tree, endpoints: { aws: string; dynamodb: string }): Promise<void> {
  const dynamodb = new DynamoDBClient(clientConfiguration(endpoints.dynamodb));
  const s3 = new S3Client({ ...clientConfiguration(endpoints.aws), forcePathStyle: true });
  const head = { pk: 'head', sk: 'head', size: tree.size, edge: encodeEdge(tree.edge), completesTile: true };
  await dynamodb.send(new PutItemCommand({ TableName: process.env.AUDIT_TABLE_NAME, Item: marshall(head) }));
  const put = (Key: string, Body: Uint8Array) =>
    s3.send(new PutObjectCommand({ Bucket: process.env.AUDIT_LOG_BUCKET_NAME, Key, Body }));
  for (const [level, hashes] of tree.levels.entries()) {
    const width = hashes.length % fullWidth;
    const tile = { level, index: BigInt(Math.floor(hashes.length / fullWidth)), width };
    if (width > 0) await put(tilePath(tile), bytesOf(tree, tile));
  }
  await put('checkpoint', Buffer.from(await signCheckpoint(tree.size, rootOf(tree.edge))));
  for (const client of [dynamodb, s3]) client.destroy();
}

/** Proofs of random entries, made from tiles as they are read, nothing kept; then all of them verified. */
function measureProofs(tree: Tree): { microsecondsToProve: number; microsecondsToVerify: number } {
  const root = rootOf(tree.edge);
  const proofs = Array.from({ length: 1000 }, () => {
    const index = Math.floor(Math.random() * tree.size);
    const tiles = new Map(
      tilesForInclusion(index, tree.size).map((tile) => [tilePath(tile), bytesOf(tree, tile)]),
    );
    const started = performance.now();
    const proof = inclusionProof(index, tree.size, tiles);
    return { index, proof, milliseconds: performance.now() - started };
  });
  const verifying = [...proofs, ...proofs, ...proofs].map(({ index, proof }) => {
    const leaf = tree.levels[0]?.[index] as Uint8Array;
    const started = performance.now();
    verifyInclusion(index, tree.size, leaf, proof, root);
    return performance.now() - started;
  });
  return {
    microsecondsToProve: median(proofs.map(({ milliseconds }) => milliseconds)) * 1000,
    microsecondsToVerify: median(verifying) * 1000,
  };
}

/**
 * Makes the picture of the dashboard that docs/operations.md shows: `node scripts/dashboard.ts`. It starts a stack, has payments made
 * for three minutes, takes SNS away for a while and stops billing's consumer for another, and draws what was measured.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Measurement } from '@fanfold/local-cloud/measurements';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { findStack } from '@fanfold/local-cloud/stack';
import { dashboardOf, partsOfServices } from '../packages/topology/dashboard.js';
import { startDev } from '../tests/runningStack.ts';
import { deadLettersOf } from '../tests/wire.ts';
import { type Dashboard, pictureOf } from './dashboard/picture.ts';
import { type Cloud, cloudOf, queueUrlOf } from './fanfold/aws/cloud.ts';
import { queueOf } from './fanfold/aws/places.ts';
import { depthOfQueue } from './fanfold/operations/depths.ts';
import { connect } from './fanfold/operations/merchantApi.ts';
import { switchTriggers } from './fanfold/operations/triggers.ts';
import { twoChairs } from './fanfold/operations/twoChairs.ts';

const picture = join(import.meta.dirname, '../docs/dashboard.svg');

const pointMs = 5_000;
const lastsMs = 180_000;
const awayMs = { from: 50_000, to: 70_000 };
const stoppedMs = { from: 100_000, to: 120_000 };

const base = await freeBasePort();
process.env.FANFOLD_PORT = String(base);
const stack = await startDev(base);
try {
  const issuer = (await findStack(base))?.issuer;
  const cloud = await cloudOf({ stage: 'local' });
  const parts = await partsOfServices();
  const consumers = parts.filter(({ consumes }) => consumes).map(({ name }) => name);
  await pay();
  const fromMs = Date.now();
  let readToMs = fromMs;
  const until = fromMs + lastsMs;
  const sampled: Measurement[] = [];
  const functions: Measurement[] = [];
  await Promise.all([
    repeat(until, 1_000, async () => void sampled.push(...(await samplesOf(cloud, consumers)))),
    repeat(until, 2_000, readMeasurements),
    // A rate that rises and falls.
    repeat(until, () => 900 + 600 * Math.sin((Date.now() - fromMs) / 30_000), pay),
    at(awayMs, setTopic),
    at(stoppedMs, (on) =>
      switchTriggers(cloud, { on, services: ['billing'], only: { functionKey: 'consumer', kind: 'queue' } }),
    ),
  ]);
  const measurements = [...functions, ...sampled];
  const day = new Date(fromMs).toISOString().slice(0, 10);
  const caption =
    `Drawn by scripts/dashboard.ts from what a laptop’s stack measured in three minutes of ${day}, a point each ${pointMs / 1_000} s. ` +
    'SNS was away for twenty seconds, and later billing’s consumer was stopped for as long.';
  const dashboard = dashboardOf('local', parts) as Dashboard;
  await writeFile(picture, pictureOf(dashboard, { measurements, fromMs, toMs: until, pointMs }, caption));

  async function pay(): Promise<void> {
    const { payments } = await connect('furniture');
    await payments.post('/payments', { ...twoChairs, orderId: `order-${Date.now()}` });
  }
  async function setTopic(isAvailable: boolean): Promise<void> {
    await fetch(`${issuer}/stack/topic`, {
      method: 'PUT',
      body: JSON.stringify({ isAvailable }),
    });
  }
  /** Only the last are kept, so those that came since are read each time. */
  async function readMeasurements(): Promise<void> {
    const toMs = Date.now();
    const response = await fetch(`${issuer}/stack/measurements?sinceMs=${readToMs}`);
    const read = (await response.json()) as Measurement[];
    functions.push(...read.filter(({ atMs }) => atMs < toMs));
    readToMs = toMs;
  }
  /** Switches something off for a while. */
  async function at({ from, to }: typeof awayMs, turn: (on: boolean) => Promise<unknown>): Promise<void> {
    await delay(from);
    await turn(false);
    await delay(to - from);
    await turn(true);
  }
} finally {
  await stack.stop();
}

async function repeat(
  untilMs: number,
  pauseMs: number | (() => number),
  what: () => Promise<void>,
): Promise<void> {
  while (Date.now() < untilMs) {
    await what();
    await delay(typeof pauseMs === 'number' ? pauseMs : pauseMs());
  }
}

/** What SQS measures itself. */
async function samplesOf(cloud: Cloud, services: string[]): Promise<Measurement[]> {
  const queues = services.flatMap((service) => {
    const queue = queueOf(cloud.stage, service);
    return [queue, deadLettersOf(queue)];
  });
  const oldest = await cloud.oldestIn(queues);
  const found = await Promise.all(
    queues.map(async (QueueName) => {
      const { waiting } = await depthOfQueue(cloud, QueueName, (await queueUrlOf(cloud, QueueName)) ?? '');
      const since = oldest.get(QueueName);
      const of = { atMs: Date.now(), namespace: 'AWS/SQS', dimensions: { QueueName } };
      return [
        { ...of, metric: 'ApproximateNumberOfMessagesVisible', value: waiting },
        {
          ...of,
          metric: 'ApproximateAgeOfOldestMessage',
          value: since === undefined ? 0 : (Date.now() - Date.parse(since)) / 1_000,
        },
      ];
    }),
  );
  return found.flat();
}

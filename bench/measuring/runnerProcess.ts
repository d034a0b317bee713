import { contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import type { SQSBatchResponse } from 'aws-lambda';
import type { Taken, Turn, Workload } from './runner.ts';

const [bundle = '', workloadsPath = '', name] = process.argv.slice(2);
const { workloads } = (await import(workloadsPath)) as { workloads: Workload[] };
const workload = workloads.find((each) => each.name === name);
if (!workload) throw new Error(`${workloadsPath} has no workload ${name}`);
const { handler } = await import(bundle);

async function run({ batch, bad = 0 }: Workload, { first, batches }: Turn): Promise<Taken> {
  const events = Array.from({ length: batches }, (_, i) => queueEvent(batch(first + i)));
  const startedAt = process.cpuUsage();
  for (const event of events) {
    const { batchItemFailures }: SQSBatchResponse = await handler(event, contextWith());
    if (batchItemFailures.length > bad) throw new Error('messages failed; the log says why');
  }
  const { user, system } = process.cpuUsage(startedAt);
  return { cpuMicroseconds: user + system };
}

process.on('message', (turn: Turn) => {
  run(workload, turn).then(
    (taken) => process.send?.(taken),
    (error: Error) => process.send?.({ error: `${bundle} with ${name}: ${error.message}` }),
  );
});
process.on('disconnect', () => process.exit());
process.send?.('ready');

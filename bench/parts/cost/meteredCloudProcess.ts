import { startEmulators } from '@fanfold/local-cloud/emulators';
import type { Invocation } from '@fanfold/local-cloud/invocation';
import { startMappings } from '@fanfold/local-cloud/mappings';
import type { Resource } from '@fanfold/local-cloud/template';
import { queueRequests } from './invocations.ts';
import { startMeter } from './meter.ts';
import { conversation } from './meteredCloud.ts';
import type { Used } from './prices.ts';

const { endpoints, stop } = await startEmulators();
const meter = await startMeter(endpoints);
let polled: Used[] = [];

const { ask, receive } = conversation(
  (message) => process.send?.(message),
  async ({ ask, values: [resources, arriveApart] }) => {
    if (ask === 'drain') return drain(resources as Record<string, Resource>, arriveApart as boolean);
    const taken = onceOnly([...meter.take(), ...polled]);
    polled = [];
    return taken;
  },
);
process.on('message', receive);
// Also when the other process ended without a word.
process.once('disconnect', async () => {
  meter.stop();
  await stop();
  process.exit(0);
});
process.send?.({ emulators: endpoints, metered: meter.endpoints });

/** Of queues that functions send to, the sending is what is billed. */
function onceOnly(used: Used[]): Used[] {
  const sent = new Set(used.map(({ place }) => place));
  return used.filter(
    ({ place }) => !place.endsWith(' delivered') || !sent.has(place.replace(/delivered$/, 'sent')),
  );
}

async function drain(resources: Record<string, Resource>, arriveApart: boolean): Promise<void> {
  const invoke = (functionName: string, event: unknown) => ask('invoke', functionName, event);
  const mappings = await startMappings({
    resources,
    endpoints,
    invoke,
    onInvocation: countRequests(arriveApart),
  });
  await mappings.idle();
  await mappings.stop();
}

const countRequests =
  (arriveApart: boolean) =>
  ({ eventSourceArn, itemIdentifiers }: Invocation): void => {
    if (!eventSourceArn.startsWith('arn:aws:sqs:')) return;
    polled.push(
      ...queueRequests(eventSourceArn.split(':').at(-1) ?? '', itemIdentifiers.length, arriveApart),
    );
  };

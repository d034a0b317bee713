import type { Resource } from '@fanfold/local-cloud/template';
import { type ServiceName, startServices } from '../../measuring/services.ts';
import { Invocations } from './invocations.ts';
import type { Used } from './prices.ts';
import type { Program } from './program.ts';

/** How many payments come in a window of ten seconds, at a payment a second. */
const paymentsPerWindow = 10;

/** How many batches of audit are merged together: those of so many windows, or of a third of so many payments' batches at high load. */
const batchesTogether = 16;

/** A capture, its invoice and the PDF of that. */
const eventsPerPayment = 3;

/** What audit appends in one transaction. */
const eventsPerBatch = 49;

/** A line of the API's access log, by the format in packages/topology/provider.yml. */
const accessLogBytes = 300;

/**
 * Fanfold's own services, with their code, templates and mappings. At low load, what has a batching window of ten seconds is
 * read when it would have filled, and the clocks run after a minute of payments. At high load each mapping runs when everything
 * before it is done, so that every batch is full.
 */
export const fanfold: Program = {
  name: 'Fanfold',
  about:
    'HTTP API; a table per service whose stream is its outbox; SNS and a queue per service; an audit log with proofs',

  async start(cloud, merchants) {
    const invocations = new Invocations(cloud);
    const services = await startServices(cloud.emulators, cloud.metered, (service, key, run) =>
      invocations.run(`${service} ${key}`, memoryMbOf(services.resources[service], key), run),
    );
    let arriveApart = false;
    /** Runs the mappings of some functions of a service until there is nothing left for them. */
    const drain = (service: ServiceName, keys: string[], apart = arriveApart) => {
      const resources = Object.entries(services.resources[service]).filter(
        ([logicalId, { Type }]) =>
          Type !== 'AWS::Lambda::EventSourceMapping' || keys.some((key) => isMappingOf(key, logicalId)),
      );
      return cloud.drain(
        Object.fromEntries(resources),
        (name, event) => services.invoke(service, name.split('-').at(-1) ?? '', event),
        apart,
      );
    };
    const invoice = async () => {
      await drain('payments', ['publisher']);
      await drain('billing', ['consumer']);
    };
    /** What nobody waits for, and so is gathered. */
    const windows = async () => {
      await drain('billing', ['publisher', 'queueRendering']);
      // One function sends all of them together.
      await drain('billing', ['renderer'], false);
      await drain('billing', ['publisher']);
      await drain('payments', ['consumer']);
      await drain('audit', ['consumer', 'publisher']);
    };
    const everyMinute = async () => {
      await services.invoke('payments', 'markTable', {});
      await services.invoke('billing', 'markTable', {});
      await services.invoke('payments', 'janitor', {});
      await services.invoke('audit', 'publishLog', {});
      await services.invoke('audit', 'witness', {});
      await services.invoke('audit', 'askWitnesses', {});
    };
    let next = 0;
    const pay = async () => {
      invocations.count('httpRequests', 'payments');
      invocations.count('logBytes', 'payments access log', accessLogBytes);
      await services.pay(`merchant-${next % merchants}`, next++);
    };
    const payOneByOne = async (payments: number, together = paymentsPerWindow) => {
      arriveApart = true;
      for (let i = 1; i <= payments; i++) {
        await pay();
        await invoice();
        if (i % together === 0) await windows();
      }
      await windows();
      return invocations.take();
    };
    const publish = async () => {
      const { merged } = (await services.invoke('audit', 'publishLog', {})) as { merged: number };
      return merged;
    };
    /** Merges what was recorded before, so that what follows is merged with each other. Fewer batches are not merged at all. */
    const mergeEarlier = async (batches: number) => {
      if (batches < batchesTogether) return;
      do await payOneByOne(1);
      while ((await publish()) === 0);
      await invocations.take();
    };
    await payOneByOne(5);
    await publish();
    await payOneByOne(1);
    await invocations.take();
    await publish();
    /** What a checkpoint takes, however many events it is for: it belongs to the minute. */
    const checkpoint = await invocations.take();
    /** What payments use, and what it takes to publish and merge what was recorded of them. */
    const withPublishing = async (used: Used[]) => {
      await publish();
      return [...used, ...(await invocations.take()), ...checkpoint.map(negative)];
    };
    return {
      async payOneByOne(payments) {
        await mergeEarlier(payments / paymentsPerWindow);
        return withPublishing(await payOneByOne(payments));
      },
      async payAlone(payments) {
        await mergeEarlier(payments);
        return withPublishing(await payOneByOne(payments, 1));
      },
      async everyMinute() {
        // A minute among others: what is remembered from the one before is not asked for again.
        await everyMinute();
        await payOneByOne(1);
        await invocations.take();
        await everyMinute();
        return invocations.take();
      },
      async payTogether(payments) {
        await mergeEarlier((payments * eventsPerPayment) / eventsPerBatch);
        arriveApart = false;
        for (let i = 0; i < payments; i++) await pay();
        await invoice();
        await windows();
        return withPublishing(await invocations.take());
      },
      async stop() {
        services.stop();
      },
    };
  },
};

const negative = (used: Used): Used => ({ ...used, count: -used.count });

const isMappingOf = (key: string, logicalId: string): boolean =>
  logicalId.toLowerCase().startsWith(`${key.toLowerCase()}eventsourcemapping`);

function memoryMbOf(resources: Record<string, Resource>, key: string): number {
  const logicalId = `${key.charAt(0).toUpperCase()}${key.slice(1)}LambdaFunction`;
  return Number(resources[logicalId]?.Properties.MemorySize);
}

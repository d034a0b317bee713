import type { Resource } from '@fanfold/local-cloud/template';
import { type ServiceName, startServices } from '../../measuring/services.ts';
import { Invocations } from './invocations.ts';
import type { Program } from './program.ts';

/** How many payments come in a window of ten seconds, at a payment a second. */
const paymentsPerWindow = 10;

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

  async start(cloud) {
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
      await services.pay('acme', next++);
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
    await payOneByOne(5);
    await invocations.take();
    return {
      async payOneByOne(payments) {
        // What was there before is published before.
        await everyMinute();
        await invocations.take();
        return payOneByOne(payments);
      },
      payAlone: (payments) => payOneByOne(payments, 1),
      async everyMinute() {
        await everyMinute();
        return invocations.take();
      },
      async payTogether(payments) {
        arriveApart = false;
        for (let i = 0; i < payments; i++) await pay();
        await invoice();
        await windows();
        return invocations.take();
      },
      async stop() {
        services.stop();
      },
    };
  },
};

const isMappingOf = (key: string, logicalId: string): boolean =>
  logicalId.toLowerCase().startsWith(`${key.toLowerCase()}eventsourcemapping`);

function memoryMbOf(resources: Record<string, Resource>, key: string): number {
  const logicalId = `${key.charAt(0).toUpperCase()}${key.slice(1)}LambdaFunction`;
  return Number(resources[logicalId]?.Properties.MemorySize);
}

import type { Resource } from '@fanfold/local-cloud/template';
import { type ServiceName, startServices } from '../../measuring/services.ts';
import { Invocations } from './invocations.ts';
import type { Program } from './program.ts';

/** How many payments audit gathers the events of in its window of ten seconds, at a payment a second. */
const paymentsPerWindow = 10;

/** A line of the API's access log, by the format in packages/topology/provider.yml. */
const accessLogBytes = 300;

/**
 * Fanfold's own services, with their code, templates and mappings. At low load, audit's queue is read when its window would
 * have filled, and the clocks run after a minute of payments. At high load each mapping runs when everything before it is
 * done, so that every batch is full.
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
    /** Runs mappings of a service, from queues or streams, until there is nothing left for them. */
    let arriveApart = false;
    const drain = (service: ServiceName, ...sources: string[]) => {
      const resources = Object.entries(services.resources[service]).filter(
        ([, { Type, Properties }]) =>
          Type !== 'AWS::Lambda::EventSourceMapping' ||
          sources.includes(String(Properties.EventSourceArn).split(':')[2] ?? ''),
      );
      return cloud.drain(
        Object.fromEntries(resources),
        (name, event) => services.invoke(service, name.split('-').at(-1) ?? '', event),
        arriveApart,
      );
    };
    const flow = async () => {
      await drain('payments', 'dynamodb');
      await drain('billing', 'sqs');
      await drain('billing', 'dynamodb');
      // The PDF, and its event.
      await drain('billing', 'sqs');
      await drain('billing', 'dynamodb');
      await drain('payments', 'sqs');
    };
    const audit = () => drain('audit', 'sqs', 'dynamodb');
    const everyMinute = async () => {
      await services.invoke('payments', 'markTable', {});
      await services.invoke('billing', 'markTable', {});
      await services.invoke('payments', 'janitor', {});
      await services.invoke('audit', 'publishLog', {});
      await services.invoke('audit', 'witness', {});
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
        await flow();
        if (i % together === 0) await audit();
      }
      await audit();
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
        await flow();
        await audit();
        return invocations.take();
      },
      async stop() {
        services.stop();
      },
    };
  },
};

function memoryMbOf(resources: Record<string, Resource>, key: string): number {
  const logicalId = `${key.charAt(0).toUpperCase()}${key.slice(1)}LambdaFunction`;
  return Number(resources[logicalId]?.Properties.MemorySize);
}

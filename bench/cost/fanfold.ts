import type { Invocation } from '@fanfold/local-cloud/invocation';
import type { Mappings } from '@fanfold/local-cloud/mappings';
import { type ServiceName, startServices } from '../services.ts';
import { Invocations, queueRequests } from './invocations.ts';
import type { Program } from './program.ts';
import type { Used } from './units.ts';

/** How many events audit gathers in its window of ten seconds, at a payment a second and two events each. */
const gathered = 20;

/**
 * Fanfold's own services, with their code, templates and mappings. At low load, audit's mapping is let run when its window
 * would have filled; at high load, each mapping when everything before it is done.
 */
export const fanfold: Program = {
  name: 'Fanfold',
  about:
    'HTTP API, one table per service with a stream as its outbox, SNS, a queue per service, an audit log with proofs',

  async start(cloud) {
    const invocations = new Invocations();
    let used: Used[] = [];
    const services = await startServices(cloud.emulators, cloud.metered, (service, key, run) => {
      const { Properties } =
        Object.values(services.resources[service]).find(
          ({ Type, Properties }) =>
            Type === 'AWS::Lambda::Function' && String(Properties.FunctionName).endsWith(`-${key}`),
        ) ?? {};
      return invocations.run(`${service} ${key}`, Number(Properties?.MemorySize), run);
    });
    const count = (invocation: Invocation) => {
      if (!invocation.eventSourceArn.startsWith('arn:aws:sqs:')) return;
      const queue = invocation.eventSourceArn.split(':').at(-1) ?? '';
      used.push(...queueRequests(queue, invocation.itemIdentifiers.length));
    };
    /** Lets one mapping of a service run until there is nothing left for it. */
    const drain = async (service: ServiceName, source: 'sqs' | 'dynamodb') => {
      const mappings: Mappings = await services.startMappings(service, count, ({ EventSourceArn }) =>
        String(EventSourceArn).startsWith(`arn:aws:${source}:`),
      );
      await mappings.idle();
      await mappings.stop();
    };
    const flow = async () => {
      await drain('payments', 'dynamodb');
      await drain('billing', 'sqs');
      await drain('billing', 'dynamodb');
      await drain('payments', 'sqs');
      await drain('payments', 'dynamodb');
    };
    const audit = async () => {
      await drain('audit', 'sqs');
      await drain('audit', 'dynamodb');
    };
    let next = 0;
    const pay = async () => {
      used.push({ unit: 'httpRequests', place: 'payments', count: 1 });
      await services.pay('acme', next++);
    };
    const take = async () => {
      const taken = [...used, ...invocations.take(), ...(await cloud.take())];
      used = [];
      return taken;
    };
    for (let i = 0; i < 5; i++) await pay();
    await flow();
    await audit();
    await take();
    return {
      async payOneByOne(payments) {
        for (let i = 1; i <= payments; i++) {
          await pay();
          await flow();
          if ((2 * i) % gathered === 0) await audit();
        }
        await audit();
        return take();
      },
      async payTogether(payments) {
        for (let i = 0; i < payments; i++) await pay();
        await flow();
        await audit();
        return take();
      },
      async stop() {
        services.stop();
      },
    };
  },
};

import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { startCloud } from '../../measuring/cloud.ts';
import { serviceNames, startServices } from '../../measuring/services.ts';
import { Moments } from './moments.ts';
import type { Stage } from './stage.ts';
import { openTables } from './tables.ts';

/**
 * All functions and mappings in this process, the emulators in others. A payment is invoiced when the run of billing's
 * consumer that had it has ended, and audited when that of audit's consumer has that had the invoice.
 */
export async function startInProcess(): Promise<Stage> {
  const cloud = await startCloud();
  const invoiced = new Moments();
  const audited = new Moments();
  const services = await startServices(cloud.endpoints, cloud.endpoints, async (service, key, run, event) => {
    const answer = await run();
    if (key !== 'consumer' || service === 'payments') return answer;
    const { batchItemFailures } = answer as SQSBatchResponse;
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const { messageId, body } of (event as SQSEvent).Records) {
      const { type, data } = JSON.parse(body);
      if (failed.has(messageId)) continue;
      if (service === 'billing') invoiced.now(data.paymentId);
      if (service === 'audit' && type === 'invoice.issued.v1') audited.now(data.paymentId);
    }
    return answer;
  });
  const mappings = await Promise.all(serviceNames.map((service) => services.startMappings(service)));
  const tables = await openTables(cloud.endpoints.dynamodb);
  return {
    pay: services.pay,
    watch: (_merchantId, paymentId) => ({ invoiced: invoiced.of(paymentId), audited: audited.of(paymentId) }),
    count: tables.count,
    rootPid: process.pid,
    emulatorsPid: cloud.pid,
    async stop() {
      await Promise.all(mappings.map((mapping) => mapping.stop()));
      services.stop();
      await cloud.stop();
    },
  };
}

import { formatAmount } from '@fanfold/contracts/currency';
import type { ProviderRecord } from '@fanfold/runtime/restore';
import type { Cloud } from '../../aws/cloud.ts';
import type { Comparison, EventSource } from './comparison.ts';
import { providerRecords } from './recorded.ts';
import type { RestoreRun } from './restoration.ts';

/**
 * What the provider has carried out since the mark that the table was put back with, and neither the table nor the log tells of: it
 * was written, but never published, when the table was replaced. It is named until the table tells of it.
 */
export async function untoldOf(
  cloud: Cloud,
  { service, provider }: EventSource,
  { told, lost }: Comparison,
  { step, signal }: RestoreRun,
): Promise<ProviderRecord[]> {
  if (!provider) return [];
  // Of what was erased nobody can read what it told of, and the plan names it.
  const erased = new Set(lost.map(({ id }) => id.slice(0, id.lastIndexOf(':'))));
  const untold: ProviderRecord[] = [];
  await step('looking for what only the provider knows', undefined, async (advance) => {
    for await (const records of providerRecords(cloud, service)) {
      signal.throwIfAborted();
      untold.push(
        ...records.filter((record) => !told.has(provider.nameOf(record)) && !erased.has(record.paymentId)),
      );
      advance(records.length);
    }
  });
  return untold;
}

export const aboutUntold = (untold: ProviderRecord[]): string[] =>
  untold.length === 0
    ? []
    : [
        'The provider has carried out what neither the table nor the log has:',
        ...untold.map(
          ({ operation, key, merchantId, amountMinor, currency, recordedAt }) =>
            `  ${operation} ${key} of ${merchantId ?? 'a merchant that it does not name'}: ${formatAmount(amountMinor, currency)}, at ${recordedAt}`,
        ),
        'Once the service runs, have each merchant repeat the request with its key: nothing is charged or refunded twice. ' +
          'What nobody repeats is to be settled at the provider. Each restore names these again, also with --dry-run, until the table has them.',
      ];

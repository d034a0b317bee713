import { S3Client } from '@aws-sdk/client-s3';
import { clientConfiguration } from '@fanfold/local-cloud/account';
import { type Emulators, startEmulators, useEndpoints } from '@fanfold/local-cloud/emulators';
import { formatVerifierKey } from '@fanfold/tlog/note';
import { vi } from 'vitest';
import { provideLog } from '../provisionFixtures.ts';
import { receivedOf } from '../record/receivedFixtures.ts';

/** Audit's code as a new instance has it, on emulators. */
async function startInstance() {
  vi.resetModules();
  const modules = await Promise.all([
    import('../record/record.ts'),
    import('../publish/publishLog.ts'),
    import('../publish/publishedCheckpoint.ts'),
    import('../publish/witness.ts'),
    import('../store/signingKey.ts'),
    import('../store/cosignatures.ts'),
    import('../compare/checkLog.ts'),
    import('../prove/proof.ts'),
    import('../store/events.ts'),
    import('./askWitnesses.ts'),
    import('./witnesses.ts'),
    import('@fanfold/runtime/metrics'),
    import('../publish/checkpoint.ts'),
  ]);
  return Object.assign({}, ...modules) as (typeof modules)[0] &
    (typeof modules)[1] &
    (typeof modules)[2] &
    (typeof modules)[3] &
    (typeof modules)[4] &
    (typeof modules)[5] &
    (typeof modules)[6] &
    (typeof modules)[7] &
    (typeof modules)[8] &
    (typeof modules)[9] &
    (typeof modules)[10] &
    (typeof modules)[11] &
    (typeof modules)[12];
}

/** A log of its own on emulators of its own, with two entries that are published and seen by its own witness. */
export async function startLog() {
  const emulators: Emulators = await startEmulators();
  useEndpoints(emulators.endpoints);
  await provideLog(emulators.endpoints);
  const audit = await startInstance();
  const origin = String(process.env.LOG_ORIGIN);
  const verifierKey = formatVerifierKey(
    origin,
    await audit.publicKeyOf(String(process.env.LOG_SIGNING_KEY_IDS)),
  );
  let recorded = 0;
  const grow = async (entries: number): Promise<string[]> => {
    const received = Array.from({ length: entries }, () => receivedOf(`pay_${recorded++}`, 1));
    await audit.record(received);
    await audit.publishLog('clock');
    await audit.witness(new Date());
    return received.map(({ event }) => event.id);
  };
  return {
    emulators,
    audit,
    origin,
    verifierKey,
    s3: new S3Client({ ...clientConfiguration(emulators.endpoints.aws), forcePathStyle: true }),
    /** Records so many entries more, and publishes them. */
    grow,
    stop: () => emulators.stop(),
  };
}

export type Log = Awaited<ReturnType<typeof startLog>>;

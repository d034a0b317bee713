import { join } from 'node:path';
import type { Endpoints } from '@fanfold/local-cloud/emulators';
import { startApart } from './runApart.ts';

/** Emulators in a process of their own, as `pnpm dev` has them: what they take is not taken from who asks. */
export type Cloud = {
  endpoints: Endpoints;
  /** Of fauxqs (SNS, SQS and S3) and KMS; DynamoDB's emulator is a child of it. */
  pid: number;
  stop(): Promise<void>;
};

export async function startCloud(): Promise<Cloud> {
  const { child, ready, stop } = await startApart<Endpoints>(join(import.meta.dirname, 'cloudProcess.ts'));
  return { endpoints: ready, pid: child.pid as number, stop };
}

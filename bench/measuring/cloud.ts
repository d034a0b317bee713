import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Endpoints } from '@fanfold/local-cloud/emulators';

/** Emulators in a process of their own, as `pnpm dev` has them: what they take is not taken from who asks. */
export type Cloud = {
  endpoints: Endpoints;
  /** Of fauxqs (SNS, SQS and S3) and KMS; DynamoDB's emulator is a child of it. */
  pid: number;
  stop(): Promise<void>;
};

export async function startCloud(): Promise<Cloud> {
  const child = fork(join(import.meta.dirname, 'cloudProcess.ts'));
  const [endpoints] = (await once(child, 'message')) as [Endpoints];
  return {
    endpoints,
    pid: child.pid as number,
    async stop() {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

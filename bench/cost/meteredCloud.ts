import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Endpoints } from '@fanfold/local-cloud/emulators';
import type { Used } from './units.ts';

/** Emulators and a meter before them, in a process of their own: what they take themselves is nobody's. */
export type MeteredCloud = {
  /** To make and read things unmetered. */
  emulators: Endpoints;
  /** For what is metered. */
  metered: Endpoints;
  /** What was used since it was asked last. */
  take(): Promise<Used[]>;
  stop(): Promise<void>;
};

export async function startMeteredCloud(): Promise<MeteredCloud> {
  const child = fork(join(import.meta.dirname, 'meteredCloudProcess.ts'));
  const [started] = (await once(child, 'message')) as [Pick<MeteredCloud, 'emulators' | 'metered'>];
  return {
    ...started,
    take: () => ask(child, 'take'),
    async stop() {
      const ended = once(child, 'exit');
      child.send('stop');
      await ended;
    },
  };
}

async function ask(child: ChildProcess, what: string): Promise<Used[]> {
  const answered = once(child, 'message');
  child.send(what);
  const [used] = await answered;
  return used;
}

import { join } from 'node:path';
import type { Endpoints } from '@fanfold/local-cloud/emulators';
import type { Resource } from '@fanfold/local-cloud/template';
import { startApart } from '../../measuring/runApart.ts';
import type { Used } from './prices.ts';

/** Emulators, a meter before them and event source mappings, in a process of their own: what they take is nobody's. */
export type MeteredCloud = {
  /** To make and read things unmetered. */
  emulators: Endpoints;
  /** For what is metered. */
  metered: Endpoints;
  /**
   * Runs the mappings of a template until there is nothing left for any of them.
   *
   * @param arriveApart whether messages came one after another, which is more requests
   */
  drain(resources: Record<string, Resource>, invoke: Invoke, arriveApart?: boolean): Promise<void>;
  /** What was used since it was asked last. */
  take(): Promise<Used[]>;
  stop(): Promise<void>;
};

type Invoke = (functionName: string, event: unknown) => Promise<unknown>;

/** What the other process is asked, and asks. */
export type Question = { id: number; ask: 'drain' | 'take' | 'invoke'; values: unknown[] };
export type Answer = { id: number; value?: unknown; error?: string };

export async function startMeteredCloud(): Promise<MeteredCloud> {
  const { child, ready, stop } = await startApart<{ emulators: Endpoints; metered: Endpoints }>(
    join(import.meta.dirname, 'meteredCloudProcess.ts'),
  );
  let invoke: Invoke = async () => undefined;
  const { ask, receive } = conversation(
    (message) => child.send(message),
    ({ values: [functionName, event] }) => invoke(String(functionName), event),
  );
  child.on('message', receive);
  return {
    ...ready,
    async drain(resources, invokeOne, arriveApart = false) {
      invoke = invokeOne;
      await ask('drain', resources, arriveApart);
    },
    take: () => ask('take') as Promise<Used[]>,
    stop,
  };
}

/** Questions and answers between two processes, each of which may ask. */
export function conversation(
  send: (message: Question | Answer) => void,
  answer: (question: Question) => Promise<unknown>,
) {
  const waiting = new Map<number, (answer: Answer) => void>();
  let nextId = 0;
  return {
    ask: (ask: Question['ask'], ...values: unknown[]): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const id = nextId++;
        waiting.set(id, ({ value, error }) =>
          error === undefined ? resolve(value) : reject(new Error(error)),
        );
        send({ id, ask, values });
      }),
    receive(message: unknown): void {
      const received = message as Question | Answer;
      if ('ask' in received) {
        answer(received).then(
          (value) => send({ id: received.id, value }),
          (error: Error) => send({ id: received.id, error: error.message }),
        );
        return;
      }
      waiting.get(received.id)?.(received);
      waiting.delete(received.id);
    },
  };
}

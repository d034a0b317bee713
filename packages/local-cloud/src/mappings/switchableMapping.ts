import { randomUUID } from 'node:crypto';
import type { Mapping } from './invocation.ts';

/** https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html, as far as a mapping here gets there. */
export type MappingState = 'Enabled' | 'Disabled' | 'Enabling' | 'Disabling';

/** A mapping that can be disabled and enabled, as by Lambda's UpdateEventSourceMapping. */
export type SwitchableMapping = Mapping & {
  readonly uuid: string;
  readonly functionName: string;
  readonly eventSourceArn: string;
  readonly state: MappingState;
  /**
   * Begins to enable or disable it. It is so when `state` says so, as in Lambda: batches that run when it is disabled end
   * first.
   *
   * @throws MappingInUse when the last change is not through
   */
  update(enabled: boolean): void;
};

export class MappingInUse extends Error {
  override readonly name = 'MappingInUse';
}

/**
 * A mapping that starts, if it is enabled, and can be switched from then on. Queues keep what comes meanwhile, and a stream
 * is read on from where it was left.
 *
 * @param onError called when it cannot be started again: then it stays disabled
 * @throws when it cannot be started
 */
export async function startSwitchableMapping(
  {
    functionName,
    eventSourceArn,
    enabled,
  }: { functionName: string; eventSourceArn: string; enabled: boolean },
  start: () => Promise<Mapping>,
  onError: (error: Error) => void = console.error,
): Promise<SwitchableMapping> {
  let running = enabled ? await start() : undefined;
  let state: MappingState = enabled ? 'Enabled' : 'Disabled';
  let change = Promise.resolve();

  async function enable(): Promise<void> {
    try {
      running = await start();
      state = 'Enabled';
    } catch (error) {
      state = 'Disabled';
      onError(error as Error);
    }
  }

  async function disable(): Promise<void> {
    const stopping = running;
    running = undefined;
    await stopping?.stop();
    state = 'Disabled';
  }

  return {
    uuid: randomUUID(),
    functionName,
    eventSourceArn,
    get state() {
      return state;
    },
    update(enabled) {
      if (state === 'Enabling' || state === 'Disabling') {
        throw new MappingInUse(`The mapping of ${functionName} on ${eventSourceArn} is ${state}.`);
      }
      if (enabled === (state === 'Enabled')) return;
      state = enabled ? 'Enabling' : 'Disabling';
      change = enabled ? enable() : disable();
    },
    async stop() {
      await change;
      await running?.stop();
    },
    async idle() {
      await change;
      await running?.idle();
    },
  };
}

import { during } from '../../progress.ts';
import { cloudOf } from '../aws/cloud.ts';
import { trailOf } from '../commandFor.ts';
import { switchTriggers } from '../operations/triggers.ts';
import { print, printJson } from '../terminal.ts';
import { table } from './table.ts';

type Options = { stage: string; region?: string; service?: string[]; reason?: string; json?: true };

/**
 * `fanfold stage stop`: switches off what runs functions by itself, and waits until it is off.
 *
 * @throws UsageError when there is no such service in the stage
 * @throws when it could not be recorded in the audit trail, or not all was off in time
 */
export const stop = (options: Options): Promise<void> => set(false, options);

/** `fanfold stage start`: switches it on again. */
export const start = (options: Options): Promise<void> => set(true, options);

async function set(on: boolean, { service: services, reason, json, ...place }: Options): Promise<void> {
  const cloud = await cloudOf(place);
  const { operationId, triggers, warnings } = await during(
    `${on ? 'starting' : 'stopping'} ${place.stage}`,
    () => switchTriggers(cloud, { on, services, reason: reason ?? null }),
  );
  if (json) {
    printJson({ stage: cloud.stage, operationId, triggers, warnings });
    return;
  }
  print(
    ...table(
      triggers.map(({ service, functionKey, kind, source, state }) => [
        state,
        service,
        functionKey,
        `${kind} ${source}`,
      ]),
    ),
    operationId === null
      ? `All of it was ${on ? 'on' : 'off'} before, so nothing was ordered.`
      : trailOf(cloud, operationId),
    ...warnings,
  );
}

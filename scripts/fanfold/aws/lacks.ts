import { messageOf } from '../errors.ts';
import { markedServices, tableOf } from '../operations/restore/restoredServices.ts';
import { type Cloud, invoke } from './cloud.ts';

/** A service whose table was put back to an earlier time, and what the table lacks, as a sentence. */
export type Lack = { service: string; lack: string };

export async function lacksByMark(cloud: Cloud): Promise<Lack[]> {
  const found = await Promise.all(
    markedServices.map(async (service) => {
      const { lack } = (await invoke(cloud, service, 'markTable', { read: 'lack' })) as {
        lack: string | null;
      };
      return { service, lack };
    }),
  );
  return found.flatMap(({ service, lack }) => (lack === null ? [] : [{ service, lack }]));
}

/** The function of each service that notes how far its table is, each minute and where a table is not put back with it. */
const notingFunctions: Record<string, string> = {
  ...Object.fromEntries(markedServices.map((service) => [service, 'markTable'])),
  audit: 'publishLog',
};

/** As long as one of them may run, and some more. */
const notingMs = 150_000;

/**
 * Has services note once more how far their tables are: a table that is put back to a time before that is known to be behind,
 * also where the last minute is all that it lacks.
 *
 * @returns why it could not be noted, each in a sentence
 */
export async function noteHowFar(cloud: Cloud, services: string[]): Promise<string[]> {
  const failures = await Promise.all(
    services.map(async (service) => {
      const functionKey = notingFunctions[service];
      if (functionKey === undefined) return [];
      try {
        await invoke(cloud, service, functionKey, {}, notingMs);
        return [];
      } catch (error) {
        return [
          `How far ${tableOf(service)} is was not noted once more, so that a table that is put back by less than a minute may not be noticed: ${messageOf(error)}`,
        ];
      }
    }),
  );
  return failures.flat();
}

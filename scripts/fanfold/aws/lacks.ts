import { type Cloud, invoke } from './cloud.ts';

/** A service whose table was put back to an earlier time, and what the table lacks, as a sentence. */
export type Lack = { service: string; lack: string };

/** The services that know it by marks. Audit knows it by its log. */
const markedServices = ['payments', 'billing'];

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

import { loadCosignatures } from '../store/cosignatures.ts';
import { stageWitnesses } from './witnesses.ts';

/** Why witnesses outside do not cosign the log although they answer, each in a sentence that begins with the witness's name. */
export async function refusalsOfWitnesses(): Promise<string[]> {
  const { list } = stageWitnesses();
  if (list.length === 0) return [];
  const { asked } = await loadCosignatures();
  return list.flatMap(({ id }) => asked.get(id)?.failure?.refusal ?? []);
}

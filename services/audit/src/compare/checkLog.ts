import { isMisfit } from '../publish/misfit.ts';
import { compareLog } from '../publish/publishLog.ts';
import { compareWithCosigned } from '../publish/witness.ts';

/**
 * Whether the log can be signed, for operators: entries, files and checkpoint belong to one tree, which continues the one
 * that the witness cosigned.
 *
 * @returns what does not fit, each in a sentence
 */
export async function checkLog(): Promise<{ misfits: string[] }> {
  const compared = await Promise.all([misfitOf(compareLog), misfitOf(compareWithCosigned)]);
  return { misfits: [...new Set(compared.flat())] };
}

async function misfitOf(compare: () => Promise<void>): Promise<string[]> {
  try {
    await compare();
    return [];
  } catch (error) {
    if (isMisfit(error)) return [error.message];
    throw error;
  }
}

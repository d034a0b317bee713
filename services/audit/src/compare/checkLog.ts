import { refusalsOfWitnesses } from '../cosign/refusals.ts';
import { isMisfit } from '../publish/misfit.ts';
import { compareLog } from '../publish/publishLog.ts';
import { compareWithCosigned } from '../publish/witness.ts';
import { lackOfLog } from '../record/lack.ts';

/**
 * Whether the log can be signed, for operators: entries, files and checkpoint belong to one tree, which continues the one
 * that the witness cosigned.
 *
 * @returns what does not fit, each in a sentence; what the table lacks of what is published, if it was put back; and why
 *   witnesses outside refuse the checkpoint
 */
export async function checkLog(): Promise<{ misfits: string[]; lack: string | null; refusals: string[] }> {
  const [lack, refusals, ...compared] = await Promise.all([
    lackOfLog(),
    refusalsOfWitnesses(),
    misfitOf(compareLog),
    misfitOf(compareWithCosigned),
  ]);
  return { misfits: [...new Set(compared.flat())], lack: lack ?? null, refusals };
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

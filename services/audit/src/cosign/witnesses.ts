import { optionalEnvironmentVariable } from '@fanfold/runtime/env';
import { parseWitnesses, type Witnesses } from '@fanfold/tlog/witnesses';

/**
 * The witnesses of this stage, by its parameters `witnesses` and `quorum`.
 *
 * @throws NoteError when they are none that a deployment would have accepted
 */
export const stageWitnesses = (): Witnesses =>
  parseWitnesses(optionalEnvironmentVariable('LOG_WITNESSES'), optionalEnvironmentVariable('LOG_QUORUM'), {
    isLocal: Boolean(process.env.AWS_ENDPOINT_URL),
  });

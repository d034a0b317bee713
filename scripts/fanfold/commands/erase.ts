import { cloudOf } from '../aws/cloud.ts';
import { trailOf } from '../commandFor.ts';
import { UsageError } from '../errors.ts';
import { type Erasure, erasableOf, eraseSubject } from '../operations/erasure.ts';
import { ask, print, printJson } from '../terminal.ts';
import { merchantOf } from './arguments.ts';

type Options = {
  stage: string;
  region?: string;
  merchant?: string;
  reason?: string;
  dryRun?: true;
  yes?: true;
  json?: true;
};

/**
 * `fanfold audit erase`: makes unreadable what the log has of a subject and of whom it is about, for ever, after a
 * confirmation.
 *
 * @throws UsageError when it is not confirmed
 * @throws when nothing is recorded of it
 * @throws when it could not be erased; then it may be ordered again
 */
export async function erase(
  subject: string,
  { merchant, reason = '', dryRun, yes, json, ...place }: Options,
): Promise<void> {
  const { stage } = place;
  const merchantId = merchantOf(stage, merchant);
  const cloud = await cloudOf(place);
  const { readable, erasures } = await erasableOf(cloud, merchantId, subject);
  if (readable.length === 0) {
    if (json) printJson({ stage, operationId: null, erased: erasures });
    else print(...erasures.map(lineOf), 'It was erased before, so nothing was ordered.');
    return;
  }
  const what = `all that the log of ${stage} has of ${readable.join(' and ')} of ${merchantId}, and of its customer`;
  if (dryRun) {
    if (json) printJson({ stage, dryRun: true, dataSubjects: readable });
    else print(`Would be erased: ${what}.`);
    return;
  }
  if (!yes) await confirm(subject, what);

  const { operationId, erased } = await eraseSubject(cloud, { merchantId, subject, reason: reason || null });
  if (json) printJson({ stage, operationId, erased });
  else print(...erased.map(lineOf), trailOf(cloud, operationId));
}

/** @throws UsageError when somebody says otherwise, or nobody can be asked */
async function confirm(subject: string, what: string): Promise<void> {
  const answer = await ask(`This erases for ever: ${what}. To confirm, type ${subject}: `);
  if (answer === subject) return;
  throw new UsageError(
    answer === undefined
      ? 'Nothing was erased, because there is no terminal to ask for confirmation. Use --yes to erase without being asked; --dry-run only shows it.'
      : 'Nothing was erased.',
  );
}

const lineOf = ({ dataSubject, erasedAt, operationId }: Erasure): string =>
  `${dataSubject}: erased at ${erasedAt} by ${operationId}`;

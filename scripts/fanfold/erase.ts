import { CommandError, merchantOf, UsageError } from './arguments.ts';
import { type Cloud, cloudOf, invoke } from './cloud.ts';
import { order, trailOf } from './operation.ts';
import { ask, print, printJson } from './terminal.ts';

type Options = {
  stage: string;
  merchant?: string;
  reason?: string;
  dryRun?: true;
  yes?: true;
  json?: true;
};

/** What audit tells of an erasure. */
type Erasure = { dataSubject: string; erasedAt: string; operationId: string };

/**
 * `fanfold audit erase`: makes unreadable what the log has of a subject and of whom it is about, for ever. Only after it
 * was confirmed, and was said in the audit trail.
 *
 * @throws UsageError when it is not confirmed
 * @throws when nothing is recorded of it
 * @throws when it could not be erased; then it may be ordered again
 */
export async function erase(
  subject: string,
  { stage, merchant, reason = '', dryRun, yes, json }: Options,
): Promise<void> {
  const merchantId = merchantOf(stage, merchant);
  const cloud = await cloudOf(stage);
  const { readable, erasures } = await erasable(cloud, merchantId, subject);
  if (readable.length === 0 && erasures.length === 0) {
    throw new CommandError(
      `Nothing is recorded of ${subject} of the merchant ${merchantId} in ${stage}, so nothing was ordered. ` +
        'Check the id and --merchant, or try again in a second: events take a moment.',
    );
  }
  if (readable.length === 0) {
    if (json) printJson({ stage, operationId: null, erased: erasures.map(facts) });
    else print(...erasures.map(lineOf), 'It was erased before, so nothing was ordered.');
    return;
  }
  const what = `all that the log of ${stage} has of ${readable.join(' and ')} of ${merchantId}, and of its customer`;
  if (dryRun) {
    if (json) printJson({ stage, dryRun: true, dataSubjects: readable });
    else print(`Would be made unreadable for ever: ${what}.`);
    return;
  }
  if (!yes) await confirm(subject, what);

  const operationId = await order(cloud, {
    command: 'audit erase',
    reason: reason || null,
    filters: { subject, merchant: merchantId },
    messages: [],
  });
  const asked = { merchantId, subject, reason: reason || null, operationId };
  const erased = (await invoke(cloud, 'audit', 'eraseSubject', asked)) as Erasure[];
  if (json) printJson({ stage, operationId, erased: erased.map(facts) });
  else print(...erased.map(lineOf), trailOf(stage, operationId));
}

const erasable = async (cloud: Cloud, merchantId: string, subject: string) =>
  (await invoke(cloud, 'audit', 'eraseSubject', { merchantId, subject, dryRun: true })) as {
    readable: string[];
    erasures: Erasure[];
  };

/** @throws UsageError when somebody says otherwise, or nobody can be asked */
async function confirm(subject: string, what: string): Promise<void> {
  const answer = await ask(`This makes unreadable for ever: ${what}. To confirm, type ${subject}: `);
  if (answer === subject) return;
  throw new UsageError(
    answer === undefined
      ? 'Nothing was erased, because nobody can be asked here. To erase it without being asked, give --yes; --dry-run only shows it.'
      : 'Nothing was erased.',
  );
}

const facts = ({ dataSubject, erasedAt, operationId }: Erasure): Erasure => ({
  dataSubject,
  erasedAt,
  operationId,
});

const lineOf = ({ dataSubject, erasedAt, operationId }: Erasure): string =>
  `${dataSubject}: erased at ${erasedAt} by ${operationId}`;

import { eventTypes } from '@fanfold/contracts/catalog';
import * as contracts from '@fanfold/contracts/event';
import { day } from '@fanfold/contracts/fields';
import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';
import { basePort } from '@fanfold/local-cloud/stack';
import { InvalidArgumentError } from 'commander';
import { stageProblem } from '../../packages/topology/names.js';
import { regionProblem } from '../../packages/topology/region.js';

/** Why a command failed, and what to do: each text is a line, wherever parts of it may come from. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly lines: string[];

  constructor(...lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** The command was used wrongly, in a way that no single option shows. */
export class UsageError extends CommandError {
  override name = 'UsageError';
}

/**
 * The port of the stack that the tool is for.
 *
 * @throws UsageError when FANFOLD_PORT is not a port
 */
export function stackPort(): number {
  try {
    return basePort();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** A command of this tool as it is typed for a stage. */
export const commandFor = (stage: string, command: string): string =>
  `\`fanfold ${command}${stage === 'local' ? '' : ` --stage ${stage}`}\``;

export function merchant(value: string): string {
  if (!contracts.merchantId.safeParse(value).success) {
    throw new InvalidArgumentError('It has 1 to 64 letters, digits, _ or -.');
  }
  if (!contracts.isReservedMerchantId(value)) return value;
  throw new InvalidArgumentError(
    `What begins with _ is reserved and is no merchant. What operators did is read with a token of the scope ${operatorScope}.`,
  );
}

/** Whose objects a stack on a laptop has, as long as nothing else is said. */
export const localMerchant = 'acme';

/**
 * Whose objects are meant.
 *
 * @throws UsageError for a stage in AWS without a merchant: there is none that everybody means
 */
export function merchantOf(stage: string, merchant: string | undefined): string {
  if (merchant !== undefined) return merchant;
  if (stage === 'local') return localMerchant;
  throw new UsageError(`Say whose it is, with --merchant <id>: only on a laptop that is ${localMerchant}.`);
}

/** Everything that an access token can allow a merchant. */
export const merchantScopes = ['payments:write', 'payments:read', 'invoices:read', 'audit:read'];
/** In the place of `audit:read`, reads what operators did, whichever merchant the token is of. */
export const operatorScope = 'operations:read';

export function scopeList(value: string): string[] {
  const list = value.split(',');
  const scopes = [...merchantScopes, operatorScope];
  if (list.every((scope) => scopes.includes(scope))) return list;
  throw new InvalidArgumentError(`It is a list, separated by commas, of: ${scopes.join(', ')}.`);
}

const maxSeconds = 999_999_999;

/** A time from now, or with a minus before now. */
export function seconds(value: string): number {
  if (/^-?[1-9]\d*$/.test(value) && Math.abs(Number(value)) <= maxSeconds) return Number(value);
  throw new InvalidArgumentError(`It is a whole number other than 0, from -${maxSeconds} to ${maxSeconds}.`);
}

export function stage(value: string): string {
  if (stageProblem(value) === undefined) return value;
  throw new InvalidArgumentError('It has 1 to 32 lower-case letters, digits and hyphens.');
}

export function region(value: string): string {
  if (regionProblem(value) === undefined) return value;
  throw new InvalidArgumentError('It is a region of AWS, such as eu-west-1.');
}

/** The name of a service, a queue or a bucket. */
export function queueName(value: string): string {
  if (/^[A-Za-z0-9_-]{1,80}$/.test(value)) return value;
  throw new InvalidArgumentError('It is a service, or a name that `fanfold dlq list` shows.');
}

export function eventType(value: string): string {
  if (contracts.eventType.safeParse(value).success) return value;
  throw new InvalidArgumentError(`It is the type of an event: ${eventTypes.join(', ')}.`);
}

/** What to say where nothing was found of a type: it may be of the past, of a service of somebody's own, or mistyped. */
export const aboutUnknownType = (type: string | undefined): string[] =>
  type === undefined || (eventTypes as string[]).includes(type)
    ? []
    : [`${type} is no type of event that is known here. These are: ${eventTypes.join(', ')}.`];

const identifierUpTo = (maxLength: number) => {
  const schema = contracts.identifier(maxLength);
  return (value: string): string => {
    if (schema.safeParse(value).success) return value;
    throw new InvalidArgumentError(`It is an id: 1 to ${maxLength} printable characters without spaces.`);
  };
};

/** Of anything: none are longer than those of events. */
export const identifier = identifierUpTo(contracts.maxLength.eventId);

/** What stands on something: an id, or what a merchant calls its orders, which may have blanks. */
export function reference(value: string): string {
  if (/^(?=.*\S)[^\p{Cc}]{1,160}$/u.test(value)) return value;
  throw new InvalidArgumentError('It is an id, number or order: 1 to 160 characters in one line.');
}

/** What events are about. */
export const subject = identifierUpTo(contracts.maxLength.subject);

export const identifiers = (value: string, before: string[] = []): string[] => [...before, identifier(value)];

/** A text that is kept for the record, in one line. */
export function sentence(value: string): string {
  const unfit = unfitCharactersOf(value);
  if (unfit) throw new InvalidArgumentError(`It ${unfit}.`);
  if (isVisible(value) && value.length <= 300) return value;
  throw new InvalidArgumentError('It is a text of 1 to 300 characters in one line.');
}

/** A whole number from 1 to a limit. */
export const upTo =
  (limit: number) =>
  (value: string): number => {
    if (/^[1-9]\d{0,9}$/.test(value) && Number(value) <= limit) return Number(value);
    throw new InvalidArgumentError(`It is a whole number from 1 to ${limit}.`);
  };

export const perSecond = upTo(1000);

export function position(value: string): number {
  if (/^\d{1,15}$/.test(value)) return Number(value);
  throw new InvalidArgumentError('It is a position in the log, as an interrupted replay printed it.');
}

/** A time with its zone, so that it means the same on every laptop; as RFC 3339 in UTC. */
export function time(value: string): string {
  const isComplete = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/.test(value);
  // JavaScript takes 30 February for 2 March.
  const isOnADay = day.safeParse(value.slice(0, 10)).success;
  if (isComplete && isOnADay && !Number.isNaN(Date.parse(value))) return new Date(value).toISOString();
  throw new InvalidArgumentError('It is a time with its zone, such as 2026-11-23T14:00:00Z.');
}

/** The name of a transparency log, as it is in keys (https://c2sp.org/signed-note). */
export function logName(value: string): string {
  if (/^[\x21-\x2a\x2c-\x7e]{1,200}$/.test(value)) return value;
  throw new InvalidArgumentError('It is the name of a log, such as fanfold.example/local/audit.');
}

/** What may be given several times. */
export const several = (value: string, before: string[] = []): string[] => [...before, value];

/** The services that can say a day again, in the order in which it is done: billing's events follow from payments'. */
export const republishing = ['payments', 'billing'] as const;

/** A day of the calendar (UTC), as `2026-11-23`. */
export function date(value: string): string {
  if (day.safeParse(value).success) return value;
  throw new InvalidArgumentError('It is a day (UTC), such as 2026-11-23.');
}

/** @throws UsageError when it has not begun (UTC) */
export function requirePastDay(date: string, now: Date): void {
  if (date <= now.toISOString().slice(0, 10)) return;
  throw new UsageError(`--date ${date} is in the future: there are no events of that day yet.`);
}

/** @throws UsageError when nothing can have been recorded between them, or more may still be */
export function requirePast({ from, to }: { from: string; to: string }, now: Date): void {
  if (from >= to) throw new UsageError(`--from ${from} is not before --to ${to}: swap or widen them.`);
  const [option, time] = from > now.toISOString() ? ['--from', from] : ['--to', to];
  if (time > now.toISOString()) {
    throw new UsageError(
      `${option} ${time} is in the future: what comes until then is not recorded yet. ` +
        'For everything up to now: --to "$(date -u +%FT%TZ)".',
    );
  }
}

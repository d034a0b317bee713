import { eventTypes } from '@fanfold/contracts/catalog';
import * as contracts from '@fanfold/contracts/event';
import { day } from '@fanfold/contracts/fields';
import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';
import { InvalidArgumentError } from 'commander';
import { stageProblem } from '../../../packages/topology/names.js';
import { regionProblem } from '../../../packages/topology/region.js';
import { UsageError } from '../errors.ts';
import { merchantScopes, operatorScope } from '../operations/accessToken.ts';

export function merchant(value: string): string {
  if (!contracts.merchantId.safeParse(value).success) {
    throw new InvalidArgumentError('It has 1 to 64 letters, digits, _ or -.');
  }
  if (!contracts.isReservedMerchantId(value)) return value;
  throw new InvalidArgumentError(
    `An id that begins with _ is reserved and is no merchant's. To read what operators did, use a token with the scope ${operatorScope}.`,
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
  throw new UsageError(
    `Give the merchant with --merchant <id>. Only on a laptop it is ${localMerchant} by default.`,
  );
}

export function scopeList(value: string): string[] {
  const list = value.split(',');
  const scopes = [...merchantScopes(), operatorScope];
  if (list.every((scope) => scopes.includes(scope))) return list;
  throw new InvalidArgumentError(`It is a list, separated by commas, of: ${scopes.join(', ')}.`);
}

/** A list, separated by commas. */
export const list = (value: string): string[] => value.split(',').map((entry) => entry.trim());

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

/** The type of an event at Stripe. */
export function stripeType(value: string): string {
  if (/^[a-z_]+(\.[a-z_]+){1,3}$/.test(value)) return value;
  throw new InvalidArgumentError('It is the type of an event at Stripe, such as payment_intent.succeeded.');
}

export function eventType(value: string): string {
  if (contracts.eventType.safeParse(value).success) return value;
  throw new InvalidArgumentError(`It is the type of an event: ${eventTypes.join(', ')}.`);
}

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

export function port(value: string): number {
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new InvalidArgumentError('It is a port from 1 to 65535, or 0 for any free one.');
}

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

/** A day of the calendar (UTC), as `2026-11-23`. */
export function date(value: string): string {
  if (day.safeParse(value).success) return value;
  throw new InvalidArgumentError('It is a day (UTC), such as 2026-11-23.');
}

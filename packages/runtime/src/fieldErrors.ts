import type * as z from 'zod';
import { pointerOf } from './http/strictJson.ts';
import type { FieldError } from './refusal.ts';

/** Validates input. Errors are sentences for the sender. */
export const parseFields = <Output>(
  schema: z.ZodType<Output>,
  value: unknown,
): z.ZodSafeParseResult<Output> => schema.safeParse(value, { error: sentenceOf });

export const maxFieldErrors = 20;

/** Each issue with its field. An unknown field is named itself, not its object. */
export const fieldErrors = (error: z.ZodError): FieldError[] =>
  error.issues
    .flatMap((issue) =>
      issue.code === 'unrecognized_keys'
        ? issue.keys.map((key) => ({ pointer: pointerOf([...issue.path, key]), detail: 'is unknown' }))
        : [{ pointer: pointerOf(issue.path), detail: issue.message, ...ruleOf(issue) }],
    )
    .slice(0, maxFieldErrors);

/** A refinement names the rule in its `params`. */
const ruleOf = (issue: z.core.$ZodIssue): Pick<FieldError, 'rule'> =>
  issue.code === 'custom' && typeof issue.params?.rule === 'string' ? { rule: issue.params.rule } : {};

/**
 * The sentence for an issue whose schema has no message. It never has the value, which may be a secret, nor the
 * library's own message, which is about schemas and changes between versions.
 */
function sentenceOf(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value')) {
    return 'is missing';
  }
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ? `must be ${kinds[issue.expected]}` : 'has a wrong type';
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'too_small':
      if (units[issue.origin] && issue.minimum === 1) return 'must not be empty';
      return boundOf(issue, issue.minimum, issue.inclusive === false ? 'more than' : 'at least');
    case 'too_big':
      return boundOf(issue, issue.maximum, issue.inclusive === false ? 'less than' : 'at most');
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return formats[issue.format] ?? 'does not have the required form';
    case 'invalid_key':
      return `has a name that ${issue.issues[0]?.message ?? 'is not accepted'}`;
    case 'invalid_union':
      return 'does not match any of the accepted forms';
    default:
      return 'is not accepted';
  }
}

function boundOf(
  { origin, exact }: { origin: string; exact?: boolean },
  bound: number | bigint,
  than: string,
) {
  const unit = units[origin];
  return unit ? `must have ${exact ? 'exactly' : than} ${bound} ${unit}` : `must be ${than} ${bound}`;
}

/** By zod's names for them. */
const kinds: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const units: Record<string, string> = {
  string: 'characters',
  array: 'entries',
  set: 'entries',
  map: 'entries',
};

const formats: Record<string, string> = {
  email: 'must be an email address',
  date: 'must be a date such as "2026-11-23"',
  datetime: 'must be an RFC 3339 time such as "2026-11-23T14:02:11Z"',
};

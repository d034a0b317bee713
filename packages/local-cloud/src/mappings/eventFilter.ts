/** Whether the function is run for a record. */
export type EventFilter = (record: unknown) => boolean;

type Scalar = string | number | boolean | null;
type Test = Scalar | { prefix: string } | { exists: boolean } | { 'anything-but': Scalar | Scalar[] };
type Pattern = { [name: string]: Pattern | Test[] };

const supported =
  'exact values, {"prefix": "text"}, {"exists": true or false} and {"anything-but": value or list of values}';

/**
 * The filter of a mapping: a record has to match one of its patterns, in every field of the pattern. Other records
 * are skipped for ever (semantics E12). https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html
 *
 * @param criteria the mapping's FilterCriteria
 * @throws when a pattern has rules that the local cloud does not support: otherwise it might pass what AWS would not
 */
export function eventFilter(criteria: unknown, what: string): EventFilter {
  const { Filters = [] } = (criteria ?? {}) as { Filters?: { Pattern?: string }[] };
  if (Filters.length === 0) return () => true;
  const patterns = Filters.map(({ Pattern = '' }) => parsePattern(Pattern, what));
  return (record) => patterns.some((pattern) => matches(pattern, record));
}

function parsePattern(text: string, what: string): Pattern {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${what}: the filter pattern ${text} is not JSON.`, { cause: error });
  }
  if (!isPattern(value)) {
    throw new Error(
      `${what}: the filter pattern ${text} has a rule that the local cloud does not support. Supported are objects ` +
        `whose fields are objects or lists of ${supported}.`,
    );
  }
  return value;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isScalar = (value: unknown): value is Scalar =>
  value === null || ['string', 'number', 'boolean'].includes(typeof value);

const isPattern = (value: unknown): value is Pattern =>
  isObject(value) &&
  Object.keys(value).length > 0 &&
  Object.values(value).every((field) =>
    Array.isArray(field) ? field.length > 0 && field.every(isTest) : isPattern(field),
  );

function isTest(value: unknown): value is Test {
  if (!isObject(value)) return isScalar(value);
  const [[rule, operand] = [], ...more] = Object.entries(value);
  if (more.length > 0) return false;
  if (rule === 'prefix') return typeof operand === 'string';
  if (rule === 'exists') return typeof operand === 'boolean';
  return (
    rule === 'anything-but' && (isScalar(operand) || (Array.isArray(operand) && operand.every(isScalar)))
  );
}

const matches = (pattern: Pattern, value: unknown): boolean =>
  Object.entries(pattern).every(([name, field]) => {
    const found = isObject(value) ? value[name] : undefined;
    if (!Array.isArray(field)) return matches(field, found);
    return field.some((test) => passes(test, found));
  });

/** A list matches when one of its values does. */
function passes(test: Test, found: unknown): boolean {
  if (isObject(test) && 'exists' in test) return test.exists === isLeaf(found);
  if (Array.isArray(found)) return found.some((each) => passes(test, each));
  if (!isObject(test)) return found === test;
  if ('prefix' in test) return typeof found === 'string' && found.startsWith(test.prefix);
  return isScalar(found) && ![test['anything-but']].flat().includes(found);
}

/** `exists` is about values only: an object does not count. */
const isLeaf = (found: unknown): boolean => found !== undefined && !isObject(found);

type Fields = Record<string, unknown>;

/**
 * Why SNS would refuse a subscription's filter policy; undefined when it accepts it. The emulator accepts nearly
 * everything, and a rule that it does not know never matches. Intrinsic functions count as text.
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html, and the responses of SNS
 * that public test suites have recorded.
 *
 * @param scope the subscription's FilterPolicyScope
 */
export function filterPolicyRefusal(
  policy: unknown,
  scope: unknown = 'MessageAttributes',
): string | undefined {
  try {
    check(policy, scope);
    return undefined;
  } catch (error) {
    if (error instanceof Refused) return `SNS refuses the filter policy: ${error.message}.`;
    throw error;
  }
}

class Refused extends Error {}

function check(policy: unknown, scope: unknown): void {
  if (scope !== 'MessageAttributes' && scope !== 'MessageBody') {
    throw new Refused('its scope is MessageAttributes or MessageBody');
  }
  if (!isObject(policy)) throw new Refused('it is an object');
  if (JSON.stringify(policy).length > 256 * 1024) throw new Refused('it is longer than 256 KiB');
  const { keys, combinations } = measure(policy, scope === 'MessageBody', 1);
  if (keys > 5) throw new Refused(`it has ${keys} keys, and may have 5`);
  if (combinations > 150)
    throw new Refused(`it has ${combinations} combinations of values, and may have 150`);
}

type Size = { keys: number; combinations: number };

/**
 * Values of a body count times their depth. Alternatives add up, and conditions that have to hold together multiply.
 */
function measure(fields: Fields, mayNest: boolean, depth: number): Size {
  const sizes = Object.entries(fields).map(([name, value]): Size => {
    if (name === '$or' && Array.isArray(value)) return alternatives(value, mayNest, depth);
    if (Array.isArray(value)) {
      if (value.length === 0) throw new Refused(`"${name}" is an empty list`);
      value.forEach(checkValue);
      return { keys: 1, combinations: value.length * (mayNest ? depth : 1) };
    }
    if (!isObject(value)) throw new Refused(`"${name}" is an object or a list`);
    if (!mayNest) throw new Refused(`"${name}" is an object, which only the scope MessageBody takes`);
    return measure(value, mayNest, depth + 1);
  });
  return {
    keys: sizes.reduce((sum, { keys }) => sum + keys, 0),
    combinations: sizes.reduce((product, { combinations }) => product * combinations, 1),
  };
}

function alternatives(fields: unknown[], mayNest: boolean, depth: number): Size {
  if (fields.length < 2 || !fields.every(isObject)) throw new Refused('"$or" lists two objects or more');
  const sizes = fields.map((each) => measure(each, mayNest, depth));
  return {
    keys: sizes.reduce((sum, { keys }) => sum + keys, 0),
    combinations: sizes.reduce((sum, { combinations }) => sum + combinations, 0),
  };
}

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isText = (value: unknown) => typeof value === 'string';
const isTextOrNumber = (value: unknown) => isText(value) || typeof value === 'number';

function checkValue(value: unknown): void {
  if (Array.isArray(value)) throw new Refused('a value is a text, a number, true, false or null');
  if (!isObject(value)) return;
  const [[rule = '', operand] = [], ...more] = Object.entries(value);
  if (/^(Ref|Fn::\w+)$/.test(rule)) return;
  if (more.length > 0) throw new Refused('a rule has one key');
  const takes = rules[rule];
  if (!takes) throw new Refused(`there is no rule "${rule}", only ${Object.keys(rules).join(', ')}`);
  if (!takes(operand)) throw new Refused(`"${rule}" does not take ${JSON.stringify(operand)}`);
}

const rules: Record<string, (operand: unknown) => boolean> = {
  prefix: isText,
  suffix: isText,
  'equals-ignore-case': isText,
  cidr: (operand) => isText(operand) && /^[\da-fA-F.:]+\/\d{1,3}$/.test(operand as string),
  exists: (operand) => typeof operand === 'boolean',
  numeric: isNumericRange,
  // SNS refused a suffix here when it was last recorded, in 2024.
  'anything-but': (operand) =>
    isTextOrNumber(operand) ||
    (Array.isArray(operand) && operand.length > 0 && operand.every(isTextOrNumber)) ||
    (isObject(operand) && Object.keys(operand).join() === 'prefix' && isText(operand.prefix)),
};

function isNumericRange(operand: unknown): boolean {
  if (!Array.isArray(operand)) return false;
  const [first, bottom, second, top, ...more] = operand;
  const isNumber = (value: unknown) => typeof value === 'number' && Math.abs(value) <= 1e9;
  if (!isNumber(bottom)) return false;
  if (operand.length === 2) return ['=', '<', '<=', '>', '>='].includes(first);
  const isFromTo = ['>', '>='].includes(first) && ['<', '<='].includes(second);
  return isFromTo && isNumber(top) && bottom < top && more.length === 0;
}

import { unfitCharactersOf } from '@fanfold/contracts/text';
import { visit } from 'jsonc-parser';
import { invalidRequest, Refusal } from '../refusal.ts';
import { holdsCardNumber } from './cardNumber.ts';

const maxDepth = 20;

/**
 * Parses JSON, and refuses what `JSON.parse` accepts: duplicate keys (the last wins), `__proto__`, numbers that
 * change when parsed (beyond 2^53, `1e400`, `1e-400`, `-0`), nesting over 20 levels, unfit characters, and card
 * numbers.
 *
 * @throws Refusal 400 `invalid_json` when the document is wrong; 422 `invalid_request` when a text or number in it
 *   is, as for all other errors of fields, or `card_number_refused`; with a pointer where there is a field
 */
export function parseStrictJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refusal(400, 'invalid_json', 'The body is not valid JSON.');
  }

  // JSON.parse has checked the grammar. A second pass sees what is lost in the parsed value.
  let depth = 0;
  const open = (path: () => (string | number)[]) => {
    depth += 1;
    if (depth > maxDepth) throw refuse(path(), `is nested deeper than ${maxDepth} levels`);
    keysOfOpenObjects.push(new Set());
  };
  const close = () => {
    depth -= 1;
    keysOfOpenObjects.pop();
  };
  const keysOfOpenObjects: Set<string>[] = [];

  visit(text, {
    onObjectBegin: (_offset, _length, _line, _column, path) => open(path),
    onObjectEnd: close,
    onArrayBegin: (_offset, _length, _line, _column, path) => open(path),
    onArrayEnd: close,
    onObjectProperty: (key, _offset, _length, _line, _column, path) => {
      const keys = keysOfOpenObjects.at(-1);
      if (key === '__proto__') throw refuse(path(), 'has a member named __proto__');
      if (keys?.has(key)) throw refuse([...path(), key], 'is there twice');
      keys?.add(key);
      checkText(key, [...path(), key]);
    },
    onLiteralValue: (literal, offset, length, _line, _column, path) => {
      if (typeof literal === 'string') checkText(literal, path());
      if (typeof literal === 'number') checkNumber(text.slice(offset, offset + length), literal, path());
    },
  });
  return value;
}

function checkText(text: string, path: (string | number)[]): void {
  const unfit = unfitCharactersOf(text);
  if (unfit) throw refuseField(path, unfit);
  checkCardNumber(text, path);
}

function checkNumber(source: string, value: number, path: (string | number)[]): void {
  checkCardNumber(source, path);
  if (Object.is(value, -0)) throw refuseField(path, 'is minus zero');
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw refuseField(path, `is larger than a number can hold exactly (${source.slice(0, 40)})`);
  }
  if (Number.isInteger(value) && losesDigits(source, value)) {
    throw refuseField(path, `changes when it is read (${source.slice(0, 40)})`);
  }
}

/** Whether a number is an integer only because its last digits were lost: a number holds at most 16. */
function losesDigits(source: string, value: number): boolean {
  const digits = source
    .replace(/e.*/i, '')
    .replace(/\D/g, '')
    .replace(/^0+|0+$/g, '');
  return value === 0 ? digits !== '' : digits.length > 16;
}

function checkCardNumber(text: string, path: (string | number)[]): void {
  if (!holdsCardNumber(text)) return;
  const detail =
    'looks like a card number, which is never stored. Send a payment method id; write an id of digits with a letter';
  throw new Refusal(422, 'card_number_refused', 'The body holds what looks like a card number.', {
    // The key itself may be the card number. Then the pointer ends at its object.
    errors: [{ pointer: pointerOf(holdsCardNumber(String(path.at(-1))) ? path.slice(0, -1) : path), detail }],
  });
}

const refuse = (path: (string | number)[], detail: string): Refusal =>
  new Refusal(
    400,
    'invalid_json',
    'The body is JSON, but has parts that are not accepted. See errors for what to change.',
    {
      errors: [{ pointer: pointerOf(path), detail }],
    },
  );

const refuseField = (path: (string | number)[], detail: string): Refusal =>
  invalidRequest('The body', [{ pointer: pointerOf(path), detail }]);

/** https://www.rfc-editor.org/rfc/rfc6901#section-6, the form that RFC 9457 uses */
export const pointerOf = (path: readonly PropertyKey[]): string =>
  `#${path.map((step) => `/${encodeURIComponent(String(step).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('')}`;

import { expect, it } from 'vitest';
import { table } from './table.ts';

it('a table is as wide as its widest cells', () => {
  expect(
    table([
      ['1', 'a', 'x'],
      ['100', 'bbb', ''],
    ]),
  ).toEqual(['  1  a    x', '100  bbb']);
  expect(table([])).toEqual([]);
});

import { invoiceLanguages } from '@fanfold/contracts/seller';
import { expect, test } from 'vitest';
import { countryName } from './countries.ts';
import { amountText, dateText, numberText, rateText, words } from './words.ts';

test.each([
  ['en', '1,234,567.50', '1 December 2026', 'Germany'],
  ['de', '1.234.567,50', '01.12.2026', 'Deutschland'],
  ['fr', '1\u202f234\u202f567,50', '01/12/2026', 'Allemagne'],
  ['nl', '1.234.567,50', '01-12-2026', 'Duitsland'],
] as const)(
  'Amounts, dates and countries are written as in the language %s',
  (language, amount, date, germany) => {
    expect(amountText(123_456_750, 'EUR', words[language])).toBe(amount);
    expect(dateText('2026-12-01', words[language]).replaceAll('\u00a0', ' ')).toBe(date);
    expect(countryName('DE', language)).toBe(germany);
  },
);

test('Amounts have the decimals of their currency, and numbers those that they need', () => {
  expect(amountText(-1234, 'JPY', words.en)).toBe('\u22121,234');
  expect(amountText(1234, 'KWD', words.en)).toBe('1.234');
  expect(numberText('0.003500', words.en, 2)).toBe('0.0035');
  expect(numberText('50', words.en, 2)).toBe('50.00');
  expect(numberText('-1000', words.fr)).toBe('\u22121\u202f000');
  expect(rateText('21.00', words.de)).toBe('21\u00a0%');
});

test('A country that has no name here is shown by its code', () => {
  for (const language of invoiceLanguages) expect(countryName('ZZ', language)).toBe('ZZ');
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quickest, slowMs } from '../durationFixtures.ts';
import { holdsCardNumber } from './cardNumber.ts';

/** Test numbers that the card schemes publish, by length. */
const cards = [
  '4222222222222',
  '30569309025904',
  '378282246310005',
  '4111111111111111',
  '5555555555554444',
  '2223003122003222',
  '6011111111111117',
  '3530111333300000',
  '6304000000000000000',
];

const digit = fc.integer({ min: 0, max: 9 });
/** How the numbers of issuers begin, and how long they are. */
const issuers: [prefix: string, ...lengths: number[]][] = [
  ['4', 13, 16, 19],
  ['51', 16],
  ['55', 16],
  ['2221', 16],
  ['2720', 16],
  ['34', 15],
  ['37', 15],
  ['300', 14],
  ['309', 14],
  ['36', 14, 19],
  ['3528', 16, 19],
  ['3589', 16],
  ['5018', 13, 19],
  ['6011', 16, 19],
  ['62', 16, 19],
  ['65', 16],
  ['6759', 13, 19],
];
const cardNumber = fc
  .constantFrom(...issuers.flatMap(([prefix, ...lengths]) => lengths.map((length) => ({ prefix, length }))))
  .chain(({ prefix, length }) => {
    const count = length - prefix.length - 1;
    return fc
      .array(digit, { minLength: count, maxLength: count })
      .map((rest) => [...[...prefix].map(Number), ...rest]);
  })
  .map((digits) => {
    const sum = digits
      .toReversed()
      .map((each, i) => (i % 2 === 0 ? (each * 2 > 9 ? each * 2 - 9 : each * 2) : each))
      .reduce((total, each) => total + each, 0);
    return [...digits, (10 - (sum % 10)) % 10].join('');
  });

describe('A card number is found', () => {
  test.each(cards)('alone: %s', (card) => expect(holdsCardNumber(card)).toBe(true));

  test('of any issuer and of each length that it gives out, in the midst of a text', () => {
    fc.assert(
      fc.property(cardNumber, fc.constantFrom('', 'x', '(', 'No. ', ': '), (card, before) => {
        expect(holdsCardNumber(`please charge ${before}${card}, thanks`)).toBe(true);
      }),
    );
  });

  test('however its digits are grouped and whatever stands between them', () => {
    const separator = fc.constantFrom(
      ' ',
      '-',
      '.',
      '/',
      '_',
      '\t',
      ' - ',
      '  ',
      '\u00a0',
      '\u2011',
      '\u2014',
      '\u200b',
      '\u00ad',
      '\u2060',
    );
    fc.assert(
      fc.property(
        cardNumber,
        fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 19, maxLength: 19 }),
        separator,
        (card, sizes, between) => {
          const groups = [];
          for (let at = 0, i = 0; at < card.length; at += sizes[i] ?? 1, i += 1)
            groups.push(card.slice(at, at + (sizes[i] ?? 1)));
          expect(holdsCardNumber(groups.join(between))).toBe(true);
        },
      ),
    );
  });

  test.each([
    ['beside a quantity', '2 4111 1111 1111 1111'],
    ['before an expiry date', '4111 1111 1111 1111 12/29'],
    ['before an expiry date and a code', '4111-1111-1111-1111-12-29-123'],
    ['after another number of as many digits', '1234567812345678 4111111111111111'],
    ['after a date', '2026-11-23 4111111111111111'],
    ['within brackets', 'card[4111111111111111]'],
    ['between letters', 'card4111111111111111exp'],
    ['after a plus sign that stands for a space', 'number+378282246310005'],
    ['after a plus sign, with more digits than a phone number has', '+4111111111111111'],
    ['after a country code', '+1 4111 1111 1111 1111'],
    ['after two letters, as in an account number', 'CC 4111 1111 1111 1111'],
    ['after two letters without a space, as in an account number', 'CC4111111111111111'],
    ['in full-width digits', '４１１１１１１１１１１１１１１１'],
    ['in mathematical digits', '𝟒𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏𝟏'],
    ['in Arabic-Indic digits', '٤١١١١١١١١١١١١١١١'],
    ['in digits of two scripts, grouped', '४१११ ١١١١ 1111 ১১১১'],
    ['in circled digits', '④①①①①①①①①①①①①①①①'],
  ])('%s', (_where, text) => expect(holdsCardNumber(text)).toBe(true));

  test('in the decimal digits of every script', () => {
    // International numbers are formatted with data of their own, which does not go by code points.
    const systems = Intl.supportedValuesOf('numberingSystem');
    const digitsOf = (system: string) => {
      const format = new Intl.NumberFormat('en', { numberingSystem: system });
      return Array.from({ length: 10 }, (_, digit) => format.format(digit));
    };
    const decimal = systems.map(digitsOf).filter((digits) => digits.every((each) => /^\p{Nd}$/u.test(each)));
    expect(decimal.length).toBeGreaterThan(60);
    for (const digits of decimal) {
      for (const card of cards) {
        expect(holdsCardNumber([...card].map((digit) => digits[Number(digit)]).join('')), digits[0]).toBe(
          true,
        );
      }
    }
  });
});

describe('No card number is seen', () => {
  test('when one digit is wrong', () => {
    fc.assert(
      fc.property(cardNumber, digit, fc.nat(), (card, other, place) => {
        const at = 1 + (place % (card.length - 1));
        fc.pre(String(other) !== card[at]);
        expect(holdsCardNumber(card.slice(0, at) + other + card.slice(at + 1))).toBe(false);
      }),
    );
  });

  test.each([
    ['a number of 12 digits', '411111111113'],
    ['a number of 20 digits', '41111111111111111110'],
    ['a number that starts as no card does', '1234567812345670'],
    ['zeros', '0000000000000000'],
    ['one digit too few', '411111111111111'],
    ['a time', '2026-11-23T14:33:48.123Z'],
    ['a VAT number', 'BE0123456749'],
    ['an amount in minor units', '999999999999'],
    ['a range of dates', '2026-11-18/2026-11-30'],
    ['a time in milliseconds, which is 13 digits and begins with 1', '1795446509525'],
    ['an order id by date, which is as long as few cards are', '20261123000018'],
    ['an empty text', ''],
    ['a text', 'Two chairs, oak, 45 cm by 90 cm, for order 1001'],
  ])('in %s', (_what, text) => expect(holdsCardNumber(text)).toBe(false));

  // The digits of each would pass for a card number, if they stood alone.
  test.each([
    ['a UUID', 'a6111111-1114-1118-1118-abcdefabcdef', '6111111-1114-1118-1118'],
    ['a hash', 'pay_abcd4111111112222008abcdefabcdefabcd', '4111111112222008'],
    ['a range of dates as people write them', '30/11/2026 - 17/12/2026', '3011 2026 1712 2026'],
    ['a phone number', '+49 1512 345 6704', '49 1512 345 6704'],
    ['a phone number in one', 'tel:+4915123456712', '4915123456712'],
    ['an account number', 'BE69 5390 0754 7016', '69 5390 0754 7016'],
    ['an account number in one', 'to GB54LOYD30963412345608.', '30963412345608'],
  ])('in %s', (_what, text, digits) => {
    expect(holdsCardNumber(digits)).toBe(true);
    expect(holdsCardNumber(text)).toBe(false);
  });

  test('in any UUID or id of 32 hexadecimal digits', () => {
    const hexadecimal = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 32, maxLength: 32 });
    fc.assert(
      fc.property(fc.uuid(), hexadecimal, (uuid, id) => {
        expect(holdsCardNumber(`${uuid} pay_${id.join('')} ${uuid.toUpperCase()}`)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('The search takes no time that a caller could abuse', () => {
  const size = 50_000;
  test.each([
    ['digits', '4'.repeat(size)],
    ['single digits', '9 '.repeat(size / 2)],
    [
      'single digits that may begin a card number',
      '23'
        .repeat(size / 4)
        .split('')
        .join(' '),
    ],
    ['groups just too short', '4 4 4 4 4 4 4 4 4 4 4 4 x'.repeat(size / 25)],
    ['separators', '4-'.repeat(size / 4) + '- '.repeat(size / 4)],
    ['a digit and separators', `4${' '.repeat(size)}`],
    ['digits and many separators', '4    '.repeat(size / 5)],
    ['characters that normalise to many', '\ufdfa'.repeat(size / 3)],
    ['digits of another script', '٩'.repeat(size / 2)],
    ['letters', 'x'.repeat(size)],
  ])('over 50 KB of %s', (_what, text) => {
    expect(quickest(() => holdsCardNumber(text))).toBeLessThan(slowMs);
  });
});

import { describe, expect, test } from 'vitest';
import { vatIds } from './documentFixtures.ts';
import { vatIdFault } from './vatId.ts';

describe('A VAT id', () => {
  test.each(Object.values(vatIds).filter((id) => id !== null))('such as %s is accepted', (id) => {
    expect(vatIdFault(id)).toBeUndefined();
  });

  test.each([
    ['of Northern Ireland', 'XI980780684'],
    ['of Belgium that begins with 1', 'BE1000000021'],
    ['of a sole trader in the Netherlands', 'NL000099998B57'],
    ['of a country outside Europe', 'AU51824753556'],
  ])('%s is accepted', (_what, id) => {
    expect(vatIdFault(id)).toBeUndefined();
  });

  test.each([
    ['without its country', '0403019261', 'BR-CO-09'],
    ['of a country that is none', 'ZZ123', 'BR-CO-09'],
    ['of Greece as GR', 'GR094259216', 'vat-id'],
    ['with blanks', 'BE 0403 019 261', 'vat-id'],
    ['in lower case', 'BE0403o19261', 'vat-id'],
    ['with nothing but its country', 'BE', 'vat-id'],
  ])('%s is refused', (_what, id, rule) => {
    expect(vatIdFault(id)?.rule).toBe(rule);
  });

  test.each(Object.entries(vatIds).flatMap(([country, id]) => (id ? [[country, id] as const] : [])))(
    'of %s with a wrong digit is refused',
    (_country, id) => {
      const at = id.search(/\d(?=\D*$)|\d(?=B\d+$)/);
      const others = [...'0123456789'].filter((digit) => digit !== id[at]);
      const refused = others.filter((digit) => vatIdFault(id.slice(0, at) + digit + id.slice(at + 1)));
      expect(refused.length).toBeGreaterThan(others.length / 2);
    },
  );
});

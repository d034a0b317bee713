import * as abn from 'stdnum/lib/cjs/au/abn.js';
import * as belgian from 'stdnum/lib/cjs/be/vat.js';
import * as norwegian from 'stdnum/lib/cjs/no/orgnr.js';
import * as swedish from 'stdnum/lib/cjs/se/orgnr.js';

/** What an identifier of a scheme (ISO 6523) has to be, where Peppol looks at it. */
const schemes: Record<string, { rule: string; passes: (id: string) => boolean }> = {
  '0007': { rule: 'R049', passes: (id) => /^\d{10}$/.test(id) && swedish.validate(id).isValid },
  '0088': { rule: 'R040', passes: (id) => /^\d{2,}$/.test(id) && hasCheckDigitOfGs1(id) },
  '0096': { rule: 'R052', passes: (id) => /^\d{10}$/.test(id) },
  '0151': { rule: 'R050', passes: (id) => /^\d{11}$/.test(id) && abn.validate(id).isValid },
  '0184': { rule: 'R042', passes: (id) => /^(DK)?\d{8}$/.test(id) },
  '0192': { rule: 'R041', passes: (id) => /^\d{9}$/.test(id) && norwegian.validate(id).isValid },
  '0198': { rule: 'R053', passes: (id) => /^DK\d{8}$/.test(id) },
  '0208': { rule: 'R043', passes: (id) => /^\d{10}$/.test(id) && belgian.validate(id).isValid },
};

/** The rule that an identifier breaks by its length or check digits; undefined when it breaks none. */
export function identifierFault(scheme: string, id: string): string | undefined {
  const known = schemes[scheme];
  return known && !known.passes(id) ? `PEPPOL-COMMON-${known.rule}` : undefined;
}

/** Of GLN and the like: digits count three times and once in turn, from the right (https://www.gs1.org/services/check-digit-calculator). */
function hasCheckDigitOfGs1(id: string): boolean {
  const digits = [...id].reverse().map(Number);
  return digits.reduce((sum, digit, i) => sum + digit * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0;
}

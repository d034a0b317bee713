import { describe, expect, test } from 'vitest';
import { electronicObstacleOf, missingFor } from './available.ts';
import { brokenDocuments, incompleteDocuments, soundCreditNote, soundInvoice } from './brokenFixtures.ts';
import { forms } from './profile.ts';

describe('A document', () => {
  test.each(forms)('with all that is asked for can be $syntax of $profile', (form) => {
    for (const document of [soundInvoice, soundCreditNote]) {
      expect(electronicObstacleOf(document)).toBeNull();
      expect(missingFor(form, document)).toEqual([]);
    }
  });

  test.each(incompleteDocuments)(
    'that would break $rule is not $form.syntax of $form.profile',
    ({ rule, document, form }) => {
      expect(missingFor(form, document).map((one) => one.rule)).toContain(rule);
      expect(missingFor(forms[0], document)).toEqual([]);
    },
  );

  test.each(brokenDocuments.filter(({ rule }) => /^BR-(DEC|CL)|^UBL-DT/.test(rule)))(
    'that would break $rule is not electronic, and says why',
    ({ document }) => {
      expect(electronicObstacleOf(document)).toMatch(/KWD|XAD|STN/);
    },
  );

  test('in a currency without decimals is not electronic when its VAT is off by one', () => {
    const of = (tax: number, currency: string) =>
      electronicObstacleOf({
        ...soundInvoice,
        currency,
        amounts: {
          ...soundInvoice.amounts,
          vat: [{ category: 'S', taxRate: '19.00', net: 0, tax, exemption: null }],
        },
      });
    expect(of(1, 'CLP')).toMatch(/rounded/);
    expect(of(1, 'EUR')).toBeNull();
    expect(of(0, 'CLP')).toBeNull();
  });
});

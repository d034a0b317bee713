import { expect, test } from 'vitest';
import { isExemption } from './codes.ts';

test('A reason for no VAT is one of the list, whole', () => {
  for (const code of [
    'VATEX-EU-132',
    'VATEX-EU-132-1E',
    'VATEX-EU-151-1C',
    'VATEX-FR-CGI261-8',
    'VATEX-FR-AE',
  ])
    expect(isExemption(code)).toBe(true);
  for (const part of ['VATEX-', 'VATEX-FR-', 'EU-132-1E', '']) expect(isExemption(part)).toBe(false);
});

import { catalog } from '@fanfold/contracts/catalog';
import { type Seller, sellerRequest } from '@fanfold/contracts/seller';
import { describe, expect, test } from 'vitest';
import { type CurrentSeller, changedSeller, eventOfSeller, sellerErrors } from './seller.ts';

const given = (changes: object = {}): Seller =>
  sellerRequest.parse({
    legalName: 'Example BV',
    address: { country: 'BE' },
    vatId: 'BE0403019261',
    ...changes,
  });
const now = new Date('2026-11-30T10:00:00.000Z');
const about = { merchantId: 'acme', now };
const put = (seller: Seller, current?: CurrentSeller) => changedSeller(seller, current, about);
const trace = {
  correlationid: 'req_1',
  causationid: 'req_1',
  traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
};

describe('A seller that is put', () => {
  test('counts its versions from 1, and has none for what is the same', () => {
    const first = put(given());
    expect(first).toMatchObject({ version: 1, changedAt: now.toISOString() });
    expect(put(given(), first)).toBeUndefined();
    const second = put(given({ tradeName: 'Chairs' }), first);
    expect(second?.version).toBe(2);
    expect(put(given(), second)?.version).toBe(3);
  });

  test('is an event of its version', () => {
    const current = put(given()) as CurrentSeller;
    const event = eventOfSeller({ ...current, trace });
    expect(catalog['seller.changed.v1'].schema.parse(event)).toMatchObject({
      id: 'seller_acme:1',
      time: now.toISOString(),
      data: { version: 1, seller: { legalName: 'Example BV' } },
    });
  });

  test.each([
    [{ vatId: 'BE0403019262' }, '#/vatId', 'vat-id'],
    [{ vatId: null }, '#/vatId', 'BR-CO-26'],
    [{ address: { country: 'UK' } }, '#/address/country', 'BR-CL-14'],
    [
      { electronicAddress: { scheme: '0208', id: '0403019262' } },
      '#/electronicAddress/id',
      'PEPPOL-COMMON-R043',
    ],
    [{ registration: { id: '1', scheme: '9999' } }, '#/registration/scheme', 'BR-CL-11'],
    [{ bankAccount: { account: 'BE71 0961 2345 6760' } }, '#/bankAccount/account', undefined],
  ])('with %j is refused, with the field and the rule', (change, pointer, rule) => {
    const [error, ...others] = sellerErrors(given(change), undefined);
    expect(error).toMatchObject({ pointer, ...(rule && { rule }) });
    expect(others).toEqual([]);
  });

  test.each(['BE71 0961 2345 6769', 'GB82WEST12345698765432', '000123456789'])(
    'can have the account %s',
    (account) => {
      expect(sellerErrors(given({ bankAccount: { account } }), undefined)).toEqual([]);
    },
  );

  test('can have twelve prefixes in all, and go back to each', () => {
    let current: CurrentSeller | undefined;
    for (let n = 1; n <= 12; n++) current = put(given({ numberingPrefix: `P${n}` }), current);
    expect(current?.prefixes).toHaveLength(12);
    expect(sellerErrors(given({ numberingPrefix: 'P1' }), current)).toEqual([]);
    expect(sellerErrors(given(), current)).toEqual([]);
    expect(sellerErrors(given({ numberingPrefix: 'P13' }), current)).toMatchObject([
      { pointer: '#/numberingPrefix', detail: expect.stringContaining('P1, P2, P3') },
    ]);
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Compared, compare, comparison, type Figure, figures } from './figures.ts';

const rowOf = (compared: Compared[], wanted: Figure) => compared.find(({ figure }) => figure === wanted);

describe('a comparison', () => {
  it('meets a target that asks for so many times as much', () => {
    const against = { paymentsPerSecond: 22 };
    expect(compare({ paymentsPerSecond: 66 }, against)).toEqual([
      { figure: 'paymentsPerSecond', own: 66, against: 22, times: 3, met: true },
    ]);
    expect(rowOf(compare({ paymentsPerSecond: 65 }, against), 'paymentsPerSecond')?.met).toBe(false);
  });

  it('meets a target of two parts when both are met', () => {
    const met = (own: number, against: number) =>
      rowOf(compare({ testSeconds: own }, { testSeconds: against }), 'testSeconds')?.met;
    expect(met(250, 1250)).toBe(true);
    expect(met(250, 1249)).toBe(false);
    expect(met(301, 3000)).toBe(false);
  });

  it('alone meets what is no ratio, misses what is missed in any case, and leaves the rest open', () => {
    const alone = compare({ handlerEditSeconds: 1, sharedEditSeconds: 2.1, readyMb: 100, testSeconds: 301 });
    expect(alone.map(({ figure, met }) => [figure, met])).toEqual([
      ['readyMb', undefined],
      ['handlerEditSeconds', true],
      ['sharedEditSeconds', false],
      ['testSeconds', false],
    ]);
  });

  it('shows what was measured of one alone, and has no ratio and no verdict', () => {
    expect(compare({ readySeconds: 2 }, { storyPerSecond: 66 })).toEqual([
      { figure: 'readySeconds', own: 2 },
      { figure: 'storyPerSecond', against: 66 },
    ]);
  });

  it('never both meets a target and has it missed with the two exchanged', () => {
    const positive = fc.double({ min: 0.001, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        positive,
        positive,
        fc.constantFrom(...(Object.keys(figures) as Figure[])),
        (a, b, figure) => {
          const one = rowOf(compare({ [figure]: a }, { [figure]: b }), figure);
          const other = rowOf(compare({ [figure]: b }, { [figure]: a }), figure);
          expect((one?.times as number) * (other?.times as number)).toBeCloseTo(1);
          const hasRatio = Object.keys(Object(Object(figures[figure]).target)).some(
            (key) => key !== 'atMost',
          );
          if (hasRatio) expect(one?.met && other?.met).toBe(false);
        },
      ),
    );
  });
});

describe('its table', () => {
  it('has a row for each figure, with both values, the ratio, the target and whether it is met', () => {
    const compared = compare(
      { paymentsPerSecond: 70, handlerEditSeconds: 0.4, cpuMsPerPayment: 20 },
      { paymentsPerSecond: 22, handlerEditSeconds: 5.25, cpuMsPerPayment: 121 },
    );
    const cells = comparison(compared, '218b6da')
      .split('\n')
      .map((line) =>
        line
          .split('|')
          .map((cell) => cell.trim())
          .slice(1, -1),
      );
    expect(cells).toEqual([
      ['', '218b6da', 'this', 'ratio', 'target', ''],
      expect.anything(),
      ['dev: payments', '22 a second', '70 a second', '3.18 ×', '≥ 3 ×', 'met'],
      ['dev: a payment', '121 ms of CPU', '20 ms of CPU', '0.17 ×', '', ''],
      ['edit of a handler → new answer', '5.25 s', '0.4 s', '0.08 ×', '≤ 1 s', 'met'],
    ]);
  });
});

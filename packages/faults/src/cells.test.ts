import { describe, expect, it } from 'vitest';
import type { Call } from './calls.ts';
import { cellFrom, cellsOf, idOf, isBlip, pairsOf, sampleOf } from './cells.ts';
import type { Place } from './faults.ts';
import { restorables } from './restores.ts';
import type { Result } from './run.ts';

const call = (operation: string, target: string): Call => ({
  functionName: 'billing.consumer',
  operation,
  target,
  protocol: 'dynamodb',
  commandId: '1',
  method: 'POST',
  path: '/',
  headers: {},
  body: Buffer.from('{"RequestItems":{"billing":{"Keys":[{},{}]}}}'),
});

const place = (operation: string, target: string, nth = 0): Place => ({
  site: `billing.consumer ${operation} ${target}`,
  nth,
  call: call(operation, target),
});

const result = (places: Place[]): Result => ({
  breaches: [],
  struck: [],
  trace: [],
  places,
  deliveries: [{ functionName: 'billing.consumer', source: 'queue', count: 1 }],
  points: 5,
  isPutBack: false,
  seen: [],
});

const cells = cellsOf(
  'sale',
  result([place('TransactWriteItems', 'billing'), place('BatchGetItem', 'billing')]),
);
const kindsAt = (site: string) =>
  new Set(cells.flatMap(({ faults }) => faults.filter((each) => each.site === site).map(({ kind }) => kind)));

describe('the cells of a story', () => {
  it('break a write in every way that a write can break', () => {
    expect([...kindsAt('billing.consumer TransactWriteItems billing')].sort()).toEqual([
      'answer-lost',
      'answered-500',
      'conflict',
      'conflict-throttled',
      'denied',
      'duplicated',
      'killed-after',
      'killed-before',
      'late',
      'race-lost',
      'refused',
      'stalled',
      'throttled',
    ]);
  });

  it('answer a read of many in part, and do not tell apart whether it was done', () => {
    expect([...kindsAt('billing.consumer BatchGetItem billing')].sort()).toEqual([
      'denied',
      'killed-before',
      'partial',
      'race-lost',
      'refused',
      'stalled',
      'throttled',
    ]);
  });

  it('disturb every delivery, and the order of a queue', () => {
    expect([...kindsAt('billing.consumer delivery')].sort()).toEqual([
      'delivered-apart',
      'delivered-together',
      'delivered-twice',
      'not-invoked',
    ]);
    expect(cells.flatMap(({ disorder }) => disorder?.kind ?? [])).toEqual([
      'lagging',
      'reversed',
      'one-by-one',
    ]);
  });

  it('put everything back at each point, to the beginning, to the half of the way and to just before', () => {
    const putBack = cells.flatMap((cell) => cell.putBack ?? []).filter(({ what }) => what === 'bucket');
    expect(putBack.map(({ at, to }) => [at, to])).toEqual([
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 0],
      [3, 1],
      [3, 2],
      [4, 0],
      [4, 2],
      [4, 3],
    ]);
    expect(new Set(cells.flatMap((cell) => cell.putBack?.what ?? []))).toEqual(
      new Set(Object.keys(restorables)),
    );
  });

  it('restore no documents from a log with a forged invoice', () => {
    const ofLog = cellsOf('log', result([])).flatMap((cell) => cell.putBack?.what ?? []);
    expect(ofLog).toContain('payments');
    for (const table of ['billing', 'audit', 'all']) expect(ofLog).not.toContain(table);
  });

  it('leave out the middle of what a clock asks of every part of an index', () => {
    const many = Array.from({ length: 16 }, (_, nth) => place('Query', 'payments/Due', nth));
    const broken = cellsOf('expiry', result(many)).flatMap(({ faults }) => faults.map(({ nth }) => nth));
    expect([...new Set(broken)]).toEqual([0, 1, 15]);
  });

  it('break a call to Stripe before it is done and after it, and a read of its refunds by what it does not show yet', () => {
    const at = (operation: string, target: string): Place => ({
      site: `payments.janitor ${operation} ${target}`,
      nth: 0,
      call: { ...call(operation, target), protocol: 'stripe' },
    });
    const kindsOf = (operation: string, target: string) =>
      [...new Set(cellsOf('stripe-sale', result([at(operation, target)])).map(({ faults: [f] }) => f?.kind))]
        .filter((kind) => kind && !kind.startsWith('delivered') && kind !== 'not-invoked')
        .sort();
    const always = ['denied', 'killed-before', 'race-lost', 'refused', 'stalled', 'throttled'];
    const done = ['answer-lost', 'answered-500', 'conflict', 'duplicated', 'killed-after', 'late'];
    expect(kindsOf('POST', 'stripe/refunds')).toEqual([...always, ...done].sort());
    expect(kindsOf('GET', 'stripe/payment_intents')).toEqual(always);
    expect(kindsOf('GET', 'stripe/refunds')).toEqual([...always, 'stale'].sort());
  });

  it('are no restores where Stripe takes the money', () => {
    expect(cellsOf('stripe-sale', result([])).flatMap((cell) => cell.putBack ?? [])).toEqual([]);
  });

  it('have a name that they can be found by', () => {
    expect(cells.map((cell) => cellFrom(idOf(cell)))).toEqual(cells);
    const drawn = { story: 'bazaar', faults: [], seed: 7 };
    expect(cellFrom(idOf(drawn))).toEqual(drawn);
  });

  it.each(['', 'sale', 'nowhere: a.b delivery #0 refused (once)', 'sale: anything'])(
    'are not named %j',
    (id) => {
      expect(() => cellFrom(id)).toThrow('Not a cell');
    },
  );
});

it('a sample puts everything back once in each story, at its last point', () => {
  const sample = sampleOf([...cells, ...cells.map((cell) => ({ ...cell, story: 'refunds' }))]);
  const putBack = sample.flatMap((cell) => cell.putBack ?? []);
  expect(putBack).toHaveLength(2 * Object.keys(restorables).length);
  expect(new Set(putBack.map(({ at, to }) => `${at} ${to}`))).toEqual(new Set(['4 2']));
});

it('a sample has each kind of fault at each boundary once, where it fails a whole command', () => {
  const faulty = cells.filter(({ putBack }) => !putBack);
  const sample = sampleOf([...faulty, ...faulty.map((cell) => ({ ...cell, story: 'refunds' }))]);
  const boundaries = sample.map(({ faults: [fault] }) => `${fault?.site} ${fault?.kind}`);
  // Twice three orders of one queue have no fault, and an answer is lost once as well.
  expect(new Set(boundaries).size + 5 + 1).toBe(sample.length);
  expect(sample.find(({ faults: [fault] }) => fault?.kind === 'refused')?.faults[0]?.reach).toBe('command');
});

it('pairs are two faults at two places', () => {
  const pairs = pairsOf(cells);
  expect(pairs.length).toBeGreaterThan(0);
  for (const {
    faults: [a, b],
  } of pairs)
    expect([a?.site, a?.nth]).not.toEqual([b?.site, b?.nth]);
});

it('a call to Stripe is not repeated at once, so only one that comes twice has to stay unnoticed', () => {
  const kinds = ['refused', 'answer-lost', 'answered-500', 'late', 'stalled', 'throttled', 'duplicated'];
  const unnoticed = kinds.filter((kind) =>
    isBlip(cellFrom(`stripe-sale: payments.createPayment POST stripe/payment_intents #0 ${kind} (once)`)),
  );
  expect(unnoticed).toEqual(['duplicated']);
});

it('what one more attempt, or the next delivery, makes up for is a blip', () => {
  const blips = cells.filter(isBlip).map(({ faults: [fault] }) => fault?.kind);
  expect([...new Set(blips)].sort()).toEqual([
    'answer-lost',
    'answered-500',
    'delivered-apart',
    'delivered-together',
    'delivered-twice',
    'duplicated',
    'late',
    'refused',
    'stalled',
    'throttled',
  ]);
});

import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { durationText, progressText, startProgress } from './progress.ts';

const unstarted = { done: 0, doneBefore: 0, noted: '', elapsedMs: 0 };

it('says how much is done, how long that took, and how long the rest will take at the same rate', () => {
  expect(progressText({ ...unstarted, total: 778, done: 120, elapsedMs: 40_000 })).toBe(
    '120 of 778 (15 %), 40 s, about 4 min left',
  );
  expect(progressText({ ...unstarted, total: 30_000, done: 1_200, elapsedMs: 3_600_000 })).toBe(
    '1,200 of 30,000 (4 %), 60 min, about 24 h 0 min left',
  );
});

it('does not guess before anything is done, after everything is, or when nobody knows how much there is', () => {
  expect(progressText({ ...unstarted, total: 10, elapsedMs: 1_000 })).toBe('0 of 10 (0 %), 1 s');
  expect(progressText({ ...unstarted, total: 10, done: 10, elapsedMs: 1_000 })).toBe('10 of 10 (100 %), 1 s');
  expect(progressText({ ...unstarted, total: undefined, done: 3, elapsedMs: 1_000 })).toBe('1 s');
  expect(progressText({ ...unstarted, total: 0 })).toBe('0 of 0, 0 s');
});

it('counts what was done by a run before, but not as work of this one', () => {
  expect(progressText({ ...unstarted, total: 1_000, done: 910, doneBefore: 900, elapsedMs: 10_000 })).toBe(
    '910 of 1,000 (91 %), 10 s, about 90 s left',
  );
  expect(progressText({ ...unstarted, total: 1_000, done: 900, doneBefore: 900 })).toBe(
    '900 of 1,000 (90 %), 0 s',
  );
});

it('what was noted comes last', () => {
  expect(progressText({ ...unstarted, total: 2, done: 1, noted: '3 violations', elapsedMs: 1_000 })).toBe(
    '1 of 2 (50 %), 1 s, about 1 s left; 3 violations',
  );
});

it('never says 100 % before the end', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 2 ** 31 }), fc.nat(), (total, n) => {
      const done = n % total;
      expect(progressText({ ...unstarted, total, done })).not.toContain('100 %');
    }),
  );
});

it.each([
  [0, '0 s'],
  [99_400, '99 s'],
  [99_600, '2 min'],
  [99 * 60_000, '99 min'],
  [4_320_000 * 2, '2 h 24 min'],
])('%d ms are %s', (durationMs, text) => {
  expect(durationText(durationMs)).toBe(text);
});

/** A stream as standard error is, and what was written to it. */
function standardError(properties: { isTTY: boolean; columns?: number | undefined }) {
  vi.stubEnv('CI', undefined);
  vi.stubEnv('TERM', 'xterm');
  onTestFinished(() => void vi.unstubAllEnvs());
  const stream = new PassThrough({ encoding: 'utf8' });
  const moves = { cursorTo: () => true, moveCursor: () => true, clearLine: () => true };
  Object.assign(stream, { columns: 80, rows: 24 }, moves, properties);
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    written: (): string => stream.read() ?? '',
  };
}

it('at a terminal, one line says how far it is', async () => {
  const { stream, written } = standardError({ isTTY: true });
  const progress = startProgress('sending events', 4, { stream });
  try {
    progress.set(2);
    progress.advance();
    progress.note('up to position \u001b[2J7');
    await vi.waitFor(() => {
      const shown = stripVTControlCharacters(written());
      expect(shown).toMatch(
        /sending events: 3 of 4 \(75 %\), \d+ s, about \d+ s left; up to position \\u\{1b\}\[2J7/,
      );
      expect(shown).not.toContain('\n');
    }, 10_000);
  } finally {
    progress.end();
  }
});

it('what is printed meanwhile is a line of its own', async () => {
  const { stream, written } = standardError({ isTTY: true });
  const progress = startProgress('sending events', 4, { stream });
  stream.write('something was found\n');
  progress.end();
  const lines = stripVTControlCharacters(written()).split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/something was found$/);
});

it.each([
  ['without a terminal', { isTTY: false }, {}],
  ['in a CI run', { isTTY: true }, { CI: 'true' }],
  ['at a terminal without a width', { isTTY: true, columns: undefined }, {}],
  ['at a terminal that cannot move its cursor', { isTTY: true }, { TERM: 'dumb' }],
])('%s, it is one plain line when the work begins', (_, properties, environment) => {
  const { stream, written } = standardError(properties);
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  const progress = startProgress('sending events', 4, { stream, done: 1 });
  progress.advance();
  progress.note('up to position 7');
  progress.end();
  expect(written()).toBe('sending events: 1 of 4 (25 %)\n');
  startProgress('sending events', 12_000, { stream }).end();
  expect(written()).toBe('sending events: 12,000\n');
  startProgress('packaging \u001b[2J', undefined, { stream }).end();
  expect(written()).toBe('packaging \\u{1b}[2J\n');
});

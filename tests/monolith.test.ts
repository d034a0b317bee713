import { readFile } from 'node:fs/promises';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Monolith, startMonolith } from '../bench/monolith/monolith.ts';
import { countLines } from '../bench/parts/monolith/lines.ts';
import { clientOf } from './client.ts';
import { productRules } from './productRules.ts';

/** What docs/when-not.md compares with the services keeps the same rules: these are chapters of tests/story.test.ts. */
let base: number;
let monolith: Monolith;

beforeAll(async () => {
  base = await freeBasePort();
  monolith = await startMonolith(base);
});
afterAll(() => monolith?.stop());

describe('the monolith', () => {
  productRules(
    (chapter) => clientOf(base, `monolith-${chapter}`, undefined, () => monolith.url),
    () => monolith.doWhatIsDue(),
  );

  it('is a fraction of what the services need besides what both share', async () => {
    const { shared, services, monolith: own } = await countLines();
    expect(shared).toBeGreaterThan(services);
    expect(own).toBeLessThan(services / 4);

    const page = await readFile(new URL('../docs/when-not.md', import.meta.url), 'utf8');
    const said = [...page.matchAll(/^\| (?:three services|monolith) +\| +([\d,]+) \| +([\d,]+) \|/gm)];
    const numbers = said.flatMap(([, ...cells]) => cells.map((cell) => Number(cell.replace(',', ''))));
    for (const [i, lines] of [services, shared, own, shared].entries()) {
      expect(Math.abs((numbers[i] ?? 0) / lines - 1), `${lines} lines in docs/when-not.md`).toBeLessThan(0.1);
    }
  });
});

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
  });
});

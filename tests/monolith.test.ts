import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, describe } from 'vitest';
import { type Monolith, startMonolith } from '../bench/monolith/monolith.ts';
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
});

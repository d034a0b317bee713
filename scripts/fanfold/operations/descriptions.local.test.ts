import { describe, expect, it } from 'vitest';
import { isCurrent, makeDescriptions } from './descriptions.ts';

const descriptions = await makeDescriptions();

describe('the committed descriptions', () => {
  it.each(descriptions.map(({ path }) => path))('%s is what the code says', async (path) => {
    const description = descriptions.find((each) => each.path === path);
    expect(
      description && (await isCurrent(description)),
      `${path} is not what the code says: run pnpm fanfold describe, and commit what it writes`,
    ).toBe(true);
  });

  it('are the same to the byte each time', async () => {
    expect(await makeDescriptions()).toEqual(descriptions);
  });
});

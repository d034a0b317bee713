import { expect, it } from 'vitest';
import { mutated } from './functions.ts';
import { mutants } from './mutants.ts';

it.each(mutants)('$name: what is taken out stands in $file, once', async (mutant) => {
  await expect(mutated(mutant)).resolves.not.toBe('');
});

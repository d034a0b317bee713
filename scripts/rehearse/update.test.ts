import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { updateBilling } from './update.ts';

test('what the rehearsal changes stands in the files of billing', async () => {
  const changed: string[] = [];
  await updateBilling({
    async edit(path, ...replacements) {
      const text = await readFile(join(import.meta.dirname, '../..', path), 'utf8');
      for (const [before] of replacements) expect(text).toContain(before);
      changed.push(path);
    },
    async write(path) {
      changed.push(path);
    },
  });
  expect(changed).toEqual([
    'services/billing/subscriptions.js',
    'services/billing/src/functions/rehearsed.ts',
    'services/billing/serverless.yml',
  ]);
});

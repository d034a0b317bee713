import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventTypes } from '@fanfold/contracts/catalog';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { expect, it } from 'vitest';
import { newService } from './newService.ts';
import { type NewService, serviceFiles } from './serviceFiles.ts';

const repository = join(import.meta.dirname, '../../../..');
const loyalty: NewService = {
  name: 'loyalty',
  subscribesTo: ['payment.captured.v1'],
  publishes: [],
  api: false,
};
const example = exampleFile({ type: 'payment.captured.v1', source: '/payments' });
const cause = JSON.parse(readFileSync(example, 'utf8'));

it('has 120 lines at most with one subscription, tests included', () => {
  const files = serviceFiles(loyalty, { localPort: 10, cause });
  const lines = [...files.values()].reduce((sum, text) => sum + text.split('\n').length - 1, 0);
  expect([...files.keys()]).toContain('src/consumer.local.test.ts');
  expect(lines).toBeLessThanOrEqual(120);
});

it('says all that is wrong at once, and what is allowed, and writes nothing', async () => {
  const wrong = { name: 'Loyalty', subscribesTo: ['payment.taken.v1'], publishes: ['points'], api: true };
  const refusal = await newService(wrong).catch((error: Error) => error.message);
  expect(refusal).toMatch(/"Loyalty" is no name of a service: .* 10 characters at most/);
  expect(refusal).toContain('"payment.taken.v1": no such type of event. These are:\n');
  for (const type of eventTypes) expect(refusal).toContain(`\n  ${type}\n`);
  expect(refusal).toContain('"points" is no type of event: it is a noun, a verb in the past and a version');
  expect(existsSync(join(repository, 'services/Loyalty'))).toBe(false);
});

it.each([
  [
    'of a service that there is',
    { name: 'billing' },
    /The name billing is taken\. These are: .*audit, billing, bus, .*operator/,
  ],
  ['of who publishes besides services', { name: 'operator' }, /The name operator is taken/],
  ['that leaves no room for a stage', { name: 'a-long-name-of-a-service' }, /13 characters at most/],
  [
    'with a type that another service publishes',
    { publishes: ['payment.captured.v1'] },
    /payment\.captured\.v1 is published by payments already/,
  ],
  [
    'with a type twice',
    { subscribesTo: ['payment.captured.v1', 'payment.captured.v1'] },
    /payment\.captured\.v1 is subscribed to twice/,
  ],
])('refuses a service %s', async (_, asked, message) => {
  await expect(newService({ ...loyalty, ...asked })).rejects.toThrow(message);
});

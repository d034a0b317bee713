import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { NewEndpoint } from './endpointFiles.ts';
import { newEndpoint } from './newEndpoint.ts';
import { servicesFolder } from './writeNew.ts';

const balance: NewEndpoint = {
  operation: 'getBalance',
  service: 'audit',
  route: 'GET /balances/{merchant}',
  scope: 'audit:read',
};

it('says all that is wrong at once, and what is allowed, and writes nothing', async () => {
  const wrong = { operation: 'Balance', service: 'audit', route: 'get balances', scope: 'everything' };
  const refusal = await newEndpoint(wrong).catch((error: Error) => error.message);
  expect(refusal).toContain(
    '"Balance" is no name of an endpoint: it is a verb and a noun, such as getBalance.',
  );
  expect(refusal).toContain('"get balances" is no route: it is GET, POST, PUT or DELETE and a path, such as');
  expect(refusal).toContain('"everything" is no scope: it says of what and whether it reads or writes');
  expect(existsSync(join(servicesFolder, 'audit/src/functions/Balance.ts'))).toBe(false);
});

it.each([
  [
    'of a service that there is not',
    { service: 'loyalty' },
    'No service loyalty has an API. These have: audit, billing, payments.',
  ],
  ['of a service without an API', { service: 'bus' }, 'No service bus has an API.'],
  [
    'whose noun is a word of JavaScript',
    { operation: 'getDefault' },
    '"default" is a word of JavaScript: take another',
  ],
  ['whose function there is', { operation: 'getEvent' }, 'audit has a function getEvent already.'],
  ['whose answer there is', { operation: 'findEvent' }, 'audit shows event already: take another noun'],
  [
    'whose route there is, by other names',
    { route: 'GET /events/{eventId}/proof' },
    'audit has a route GET /events/{id}/proof already.',
  ],
  ['whose path has a name twice', { route: 'GET /a/{id}/b/{id}' }, 'names a part of its path twice'],
  [
    'whose name leaves no room for a stage',
    { operation: 'getAllThatSomebodyOwes' },
    'too long for a function of audit: it has 17 characters at most',
  ],
])('refuses an endpoint %s', async (_, asked, message) => {
  await expect(newEndpoint({ ...balance, ...asked })).rejects.toThrow(message);
});

import { expect, test } from 'vitest';
import { methodsOf } from './routes.ts';

const routes =
  'POST /things,GET /things,GET /things/{id},POST /things/{id}/parts,GET /files/{path+},GET /a.b';

test.each([
  ['/things', ['GET', 'POST']],
  ['/things/thing_1', ['GET']],
  ['/things/ü b', ['GET']],
  ['/things/thing_1/parts', ['POST']],
  ['/files/a/b', ['GET']],
  ['/files/', []],
  ['/things/', []],
  ['/things/a/b', []],
  ['/thing', []],
  ['/', []],
  ['', []],
  ['*', []],
])('of %j there are the methods %j', (path, methods) => expect(methodsOf(routes, path)).toEqual(methods));

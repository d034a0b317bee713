import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { publicKeySet, signToken } from './issuer.ts';

let folder: string;
let keyFile: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'issuer-'));
  keyFile = join(folder, 'deeper', 'issuer-key.json');
});
afterEach(() => rm(folder, { recursive: true }));

const issuer = 'http://127.0.0.1:4000';
const request = {
  issuer,
  subject: 'ada',
  merchantId: 'm_1',
  scopes: ['payments:read', 'payments:write'],
  expiresInSeconds: 60,
};

test('a token says who it is for and is proved by the public key set', async () => {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const keys = createLocalJWKSet(await publicKeySet(keyFile));
  const { payload, protectedHeader } = await jwtVerify(await signToken(request, keyFile), keys, {
    issuer,
    audience: 'fanfold',
    algorithms: ['ES256'],
    typ: 'at+jwt',
  });
  expect(payload).toMatchObject({ sub: 'ada', merchant_id: 'm_1', scope: 'payments:read payments:write' });
  expect(payload.iat).toBeGreaterThanOrEqual(nowSeconds);
  expect(payload.nbf).toBe(payload.iat);
  expect(payload.exp).toBe((payload.iat ?? 0) + 60);
  expect(protectedHeader.kid).toBe((await publicKeySet(keyFile)).keys[0]?.kid);
});

test('a token can be made that has expired already', async () => {
  const token = await signToken({ ...request, expiresInSeconds: -60 }, keyFile);
  const keys = createLocalJWKSet(await publicKeySet(keyFile));
  await expect(jwtVerify(token, keys)).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
});

test('the key is made once, by whoever comes first, for its owner only', async () => {
  const sets = await Promise.all(Array.from({ length: 8 }, () => publicKeySet(keyFile)));
  expect(new Set(sets.map(({ keys }) => keys[0]?.kid)).size).toBe(1);
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
});

test('the public key set keeps the private key to itself', async () => {
  const [key] = (await publicKeySet(keyFile)).keys;
  const { d } = JSON.parse(await readFile(keyFile, 'utf8'));
  expect(d).toBeTypeOf('string');
  expect(key).toEqual({
    kty: 'EC',
    crv: 'P-256',
    x: expect.any(String),
    y: expect.any(String),
    kid: expect.any(String),
    alg: 'ES256',
    use: 'sig',
  });
});

test('a key file that is not a key is never replaced: the error says what to do', async () => {
  await publicKeySet(keyFile);
  await writeFile(keyFile, 'not JSON');
  await expect(publicKeySet(keyFile)).rejects.toThrow(/delete it/);
});

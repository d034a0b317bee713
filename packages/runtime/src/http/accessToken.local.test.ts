import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { RequestListener, ServerResponse } from 'node:http';
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { captureLog } from '../logFixtures.ts';
import { audience, claimsOf, listen, startIssuer } from './tokenFixtures.ts';

let issuer: Awaited<ReturnType<typeof startIssuer>>;
const logged = captureLog();

beforeAll(async () => {
  issuer = await startIssuer();
});
afterAll(() => issuer.stop());
beforeEach(() => {
  vi.stubEnv('TOKEN_ISSUER', issuer.url);
  vi.stubEnv('TOKEN_AUDIENCE', audience);
  vi.resetModules(); // the key set is kept for as long as the function lives
});
afterEach(() => {
  issuer.keySet.keys = [issuer.publicKey];
  issuer.answer.with = undefined;
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

async function verify(token: string, scope = 'things:read') {
  const { verifyAccessToken } = await import('./accessToken.ts');
  return verifyAccessToken(`Bearer ${token}`, scope);
}

const unauthenticated = (challenge = 'Bearer error="invalid_token"') =>
  expect.objectContaining({
    name: 'Refusal',
    status: 401,
    code: 'unauthenticated',
    headers: { 'WWW-Authenticate': challenge },
  });

function rsaKey(modulusLength: number, publicExponent: number) {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength, publicExponent });
  return { jwk: publicKey.export({ format: 'jwk' }), privateKey };
}

const serverError: RequestListener = (_request, response) => response.writeHead(500).end();

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('The caller is known', () => {
  test('by a token that is in order', async () => {
    const caller = { merchantId: 'acme', subject: 'user-1' };
    expect(await verify(await issuer.token())).toEqual(caller);
    expect(await verify(await issuer.token(), 'things:write')).toEqual(caller);
  });

  test('whatever the case of the scheme', async () => {
    const { verifyAccessToken } = await import('./accessToken.ts');
    const caller = await verifyAccessToken(`bEARER ${await issuer.token()}`, 'things:read');
    expect(caller.merchantId).toBe('acme');
  });

  test('by a token for several audiences of which we are one', async () => {
    expect(await verify(await issuer.token({ aud: ['others', audience] }))).toMatchObject({
      subject: 'user-1',
    });
  });

  test('while clocks are a minute apart, and not more', async () => {
    // The clock stands, so that it does not matter how long this takes.
    vi.useFakeTimers({ toFake: ['Date'] });
    const now = Math.floor(Date.now() / 1000);
    expect(await verify(await issuer.token({ exp: now - 59 }))).toBeDefined();
    expect(await verify(await issuer.token({ nbf: now + 60 }))).toBeDefined();
    await expect(verify(await issuer.token({ exp: now - 60 }))).rejects.toEqual(unauthenticated());
    await expect(verify(await issuer.token({ nbf: now + 61 }))).rejects.toEqual(unauthenticated());
  });

  test.each(['RS256', 'PS256', 'EdDSA', 'Ed25519', 'ES384'])(
    'by a token that is signed with %s',
    async (algorithm) => {
      const other = await startIssuer(algorithm);
      vi.stubEnv('TOKEN_ISSUER', other.url);
      try {
        expect(await verify(await other.token())).toMatchObject({ merchantId: 'acme' });
      } finally {
        await other.stop();
      }
    },
  );

  test.each([
    ['EdDSA', 'Ed25519'],
    ['Ed25519', 'EdDSA'],
  ])('by a token that is signed with %s, where the key set says %s', async (algorithm, name) => {
    const other = await startIssuer(algorithm);
    other.keySet.keys = [{ ...other.publicKey, alg: name }];
    vi.stubEnv('TOKEN_ISSUER', other.url);
    try {
      expect(await verify(await other.token())).toMatchObject({ merchantId: 'acme' });
    } finally {
      await other.stop();
    }
  });

  test.each(['ES256', 'RS256'])(
    'by a token that names no key, of an issuer with several of %s',
    async (algorithm) => {
      const rotated = await startIssuer(algorithm);
      vi.stubEnv('TOKEN_ISSUER', rotated.url);
      try {
        const next = await generateKeyPair(algorithm, { extractable: true });
        const { kid: _kid, ...nameless } = rotated.publicKey;
        rotated.keySet.keys = [
          rotated.publicKey,
          { ...(await exportJWK(next.publicKey)), kid: 'next', alg: algorithm },
          nameless,
        ];
        expect(await verify(await rotated.token({}, { kid: undefined }))).toMatchObject({
          merchantId: 'acme',
        });
        expect(await verify(await rotated.token({}, { kid: undefined }, next))).toMatchObject({
          merchantId: 'acme',
        });
        // Two keys may even have one name.
        expect(await verify(await rotated.token({}, { kid: 'next' }, next))).toMatchObject({
          merchantId: 'acme',
        });
        const foreign = await generateKeyPair(algorithm, { extractable: true });
        await expect(verify(await rotated.token({}, { kid: undefined }, foreign))).rejects.toEqual(
          unauthenticated(),
        );
      } finally {
        await rotated.stop();
      }
    },
  );

  test('with the issuer asked once for its keys, even when its name ends with a slash', async () => {
    vi.stubEnv('TOKEN_ISSUER', `${issuer.url}/`);
    const before = issuer.served.count;
    const token = await issuer.token({ iss: `${issuer.url}/` });
    await Promise.all(Array.from({ length: 5 }, () => verify(token)));
    await verify(token);
    expect(issuer.served.count).toBe(before + 1);
  });
});

describe('What operators did is read', () => {
  async function verifyEither(scope: string, operatorScope?: string) {
    const { verifyAccessToken } = await import('./accessToken.ts');
    const token = await issuer.token({ scope, merchant_id: operatorScope ? undefined : 'acme' });
    return verifyAccessToken(`Bearer ${token}`, 'things:read', operatorScope);
  }

  test('with the scope for it, whatever the merchant', async () => {
    const operator = { merchantId: '_operator', subject: 'user-1' };
    expect(await verifyEither('others operations:read', 'operations:read')).toEqual(operator);
  });

  test('by nobody where there is none of it to read', async () => {
    await expect(verifyEither('operations:read')).rejects.toEqual(expect.objectContaining({ status: 403 }));
  });
});

describe('The caller is refused', () => {
  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
    ['another scheme', 'Basic YWRhOnNlY3JldA=='],
    ['the scheme alone', 'Bearer'],
    ['two tokens', 'Bearer a.b.c d.e.f'],
    ['a token with a line break', 'Bearer a.b.c\n'],
  ])('with %s', async (_what, authorization) => {
    const { verifyAccessToken } = await import('./accessToken.ts');
    await expect(verifyAccessToken(authorization, 'things:read')).rejects.toEqual(unauthenticated('Bearer'));
  });

  test.each(['garbage', 'a.b', 'a.b.c', '..', '=', 'eyJhbGciOiJFUzI1NiJ9.e30.AAAA', 'a.b.c.d.e'])(
    'with what is no token: %s',
    async (token) => {
      await expect(verify(token)).rejects.toEqual(unauthenticated());
    },
  );

  test('with a token that nobody signed', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      const unsigned = `${base64url({ alg, kid: 'test-key' })}.${base64url(claimsOf(issuer.url))}.`;
      await expect(verify(unsigned)).rejects.toEqual(unauthenticated());
    }
  });

  test('with a token that takes the public key for a shared secret', async () => {
    const secrets = [
      await exportSPKI(issuer.keys.publicKey),
      JSON.stringify(issuer.publicKey),
      String(issuer.publicKey.x),
    ];
    for (const secret of secrets) {
      const signed = `${base64url({ alg: 'HS256', kid: 'test-key' })}.${base64url(claimsOf(issuer.url))}`;
      const signature = createHmac('sha256', secret).update(signed).digest('base64url');
      await expect(verify(`${signed}.${signature}`)).rejects.toEqual(unauthenticated());
    }
  });

  test('with a token whose algorithm is none of ours, although the issuer signed it', async () => {
    const other = await startIssuer('RS512');
    vi.stubEnv('TOKEN_ISSUER', other.url);
    try {
      await expect(verify(await other.token())).rejects.toEqual(unauthenticated());
    } finally {
      await other.stop();
    }
  });

  test('with a token that another key signed, under our key’s name or its own', async () => {
    const other = await generateKeyPair('ES256', { extractable: true });
    await expect(verify(await issuer.token({}, {}, other))).rejects.toEqual(unauthenticated());
    await expect(verify(await issuer.token({}, { kid: 'other' }, other))).rejects.toEqual(unauthenticated());
  });

  test('with a token that brings its own key', async () => {
    const other = await startIssuer();
    try {
      const header = { jwk: other.publicKey, jku: `${other.url}/.well-known/jwks.json` };
      await expect(verify(await issuer.token({}, header, other.keys))).rejects.toEqual(unauthenticated());
      expect(other.served.count).toBe(0);
    } finally {
      await other.stop();
    }
  });

  test.each<[string, () => { jwk: object; privateKey?: KeyObject; alg: string }]>([
    ['an RSA key of 1024 bits', () => ({ ...rsaKey(1024, 65_537), alg: 'RS256' })],
    ['an RSA key whose exponent is 3', () => ({ ...rsaKey(2048, 3), alg: 'RS256' })],
    [
      'a point that is not on its curve',
      () => ({ jwk: { ...issuer.publicKey, y: issuer.publicKey.x }, alg: 'ES256' }),
    ],
    ['an RSA key without an exponent', () => ({ jwk: { kty: 'RSA', n: 'AQAB' }, alg: 'RS256' })],
  ])('with a token that names %s of the issuer’s, whose other keys go on working', async (_what, make) => {
    const { jwk, privateKey, alg } = make();
    const other = await startIssuer();
    other.keySet.keys = [{ ...jwk, kid: 'unusable', alg }, other.publicKey];
    vi.stubEnv('TOKEN_ISSUER', other.url);
    try {
      const signed = `${base64url({ alg, kid: 'unusable' })}.${base64url(claimsOf(other.url))}`;
      const signature = privateKey ? sign('sha256', Buffer.from(signed), privateKey) : Buffer.alloc(64);
      const token = `${signed}.${signature.toString('base64url')}`;
      await expect(verify(token)).rejects.toEqual(unauthenticated());
      expect(logged()).toMatchObject([{ level: 'WARN', kid: 'unusable' }]);
      expect(await verify(await other.token())).toMatchObject({ merchantId: 'acme' });
      expect(await verify(await other.token({}, { kid: undefined }))).toMatchObject({ merchantId: 'acme' });
    } finally {
      await other.stop();
    }
  });

  test('with a token that was changed', async () => {
    const [header, , signature] = (await issuer.token()).split('.');
    const changed = `${header}.${base64url({ ...claimsOf(issuer.url), merchant_id: 'other' })}.${signature}`;
    await expect(verify(changed)).rejects.toEqual(unauthenticated());
  });

  test('with a token that asks for what we do not know', async () => {
    const token = await new SignJWT(claimsOf(issuer.url))
      .setProtectedHeader({ alg: 'ES256', kid: 'test-key', crit: ['urn:x'], 'urn:x': true })
      .sign(issuer.keys.privateKey, { crit: { 'urn:x': true } });
    await expect(verify(token)).rejects.toEqual(unauthenticated());
  });

  test('with a token that has expired, and is told so', async () => {
    const token = await issuer.token({ exp: Math.floor(Date.now() / 1000) - 60 });
    await expect(verify(token)).rejects.toEqual(unauthenticated());
    await expect(verify(token)).rejects.toThrow('The access token has expired. Get a new one.');
  });

  const later = () => Math.floor(Date.now() / 1000) + 600;
  test.each([
    ['from another issuer', 'iss', () => 'http://127.0.0.1:1'],
    ['without an issuer', 'iss', () => undefined],
    ['for another audience', 'aud', () => 'others'],
    ['for other audiences', 'aud', () => ['others', 'fanfolds']],
    ['for no audience', 'aud', () => undefined],
    ['that is not valid yet', 'nbf', later],
    ['that never expires', 'exp', () => undefined],
    ['that expires at a text', 'exp', () => String(later())],
    ['without a subject', 'sub', () => undefined],
  ])('with a token %s, and is told which claim it is', async (_what, claim, value) => {
    const token = await issuer.token({ [claim]: value() });
    await expect(verify(token)).rejects.toEqual(unauthenticated());
    await expect(verify(token)).rejects.toThrow(`claim ${claim} is missing, wrong or not valid yet`);
  });

  test('with a token of another issuer, and is told whose it has to be', async () => {
    const token = await issuer.token({ iss: 'http://127.0.0.1:4000' });
    await expect(verify(token)).rejects.toThrow(`Its issuer has to be ${process.env.TOKEN_ISSUER}.`);
  });

  test('with a token for another audience, and is told which it has to be', async () => {
    const token = await issuer.token({ aud: 'https://api.example.com' });
    await expect(verify(token)).rejects.toThrow(`Its audience has to be ${audience}.`);
  });

  test.each([
    ['no merchant', { merchant_id: undefined }],
    ['an empty merchant', { merchant_id: '' }],
    ['a merchant with a space', { merchant_id: 'a b' }],
    ['a merchant that reads as a key of ours', { merchant_id: 'acme#pay_1' }],
    ['a merchant with letters beyond ASCII', { merchant_id: 'Ämter' }],
    ['a merchant of 65 characters', { merchant_id: 'x'.repeat(65) }],
    ['a number for a merchant', { merchant_id: 7 }],
    ['several merchants', { merchant_id: ['acme', 'other'] }],
    ['nothing for a merchant', { merchant_id: null }],
    ['an object for a merchant', { merchant_id: { toString: 'acme' } }],
    ['an empty subject', { sub: '' }],
    ['a number for a subject', { sub: 7 }],
    ['a list for a subject', { sub: ['user-1'] }],
  ])('with a token that has %s', async (_what, claims) => {
    const token = await issuer.token(claims);
    await expect(verify(token)).rejects.toEqual(unauthenticated());
    await expect(verify(token)).rejects.toThrow('The access token must have the claims sub and merchant_id.');
  });

  test.each(['_operator', '_', '_acme'])(
    'with a token that has the reserved merchant %s',
    async (merchant_id) => {
      const token = await issuer.token({ merchant_id, scope: 'things:read operations:read' });
      const { verifyAccessToken } = await import('./accessToken.ts');
      for (const operatorScope of [undefined, 'operations:read']) {
        const verified = verifyAccessToken(`Bearer ${token}`, 'things:read', operatorScope);
        await expect(verified).rejects.toEqual(unauthenticated());
        await expect(verified).rejects.toThrow(
          "The access token's merchant_id begins with _, as no merchant's does.",
        );
      }
    },
  );

  test.each([
    ['no scope', undefined],
    ['an empty scope', ''],
    ['another scope', 'things:write'],
    ['a scope that only begins like it', 'things:reader'],
    ['a scope that only ends like it', 'some:things:read'],
    ['the scope in other letters', 'Things:Read'],
    ['a list of scopes', ['things:read']],
  ])('with a token that has %s, and is told which one it lacks', async (_what, scope) => {
    await expect(verify(await issuer.token({ scope }))).rejects.toEqual(
      expect.objectContaining({
        status: 403,
        code: 'insufficient_scope',
        message: 'The access token lacks the scope things:read.',
        headers: { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="things:read"' },
      }),
    );
  });
});

describe('While the issuer’s keys cannot be read', () => {
  const unavailable = expect.objectContaining({
    name: 'Refusal',
    status: 503,
    code: 'issuer_unavailable',
    headers: { 'Retry-After': '1' },
  });

  test('because nobody listens, the caller is told to try again and the reason is logged', async () => {
    const gone = await listen(() => {});
    await gone.stop();
    vi.stubEnv('TOKEN_ISSUER', gone.url);
    await expect(verify(await issuer.token({ iss: gone.url }))).rejects.toEqual(unavailable);
    expect(logged()).toMatchObject([
      {
        level: 'ERROR',
        message: 'token issuer unavailable',
        error: { message: expect.stringContaining('ECONNREFUSED') },
      },
    ]);
  });

  test.each([
    ['an error', 500, 'Internal Server Error'],
    ['no key set', 404, '{"message":"Not Found"}'],
    ['no JSON', 200, '<html></html>'],
    ['JSON without keys', 200, '{"keys":"none"}'],
  ])('because it answers with %s, the caller is told to try again', async (_what, status, body) => {
    const broken = await listen((_request, response) => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(body);
    });
    vi.stubEnv('TOKEN_ISSUER', broken.url);
    try {
      await expect(verify(await issuer.token({ iss: broken.url }))).rejects.toEqual(unavailable);
    } finally {
      await broken.stop();
    }
  });

  test.each<[string, Parameters<typeof listen>[0]]>([
    ['never answers', () => {}],
    ['never ends its answer', (_request, response) => response.write('{"keys":')],
  ])('because it %s, the caller is told to try again after three seconds', async (_what, answer) => {
    const silent = await listen(answer);
    vi.stubEnv('TOKEN_ISSUER', silent.url);
    try {
      await expect(verify(await issuer.token({ iss: silent.url }))).rejects.toEqual(unavailable);
    } finally {
      await silent.stop();
    }
  });

  test('they are asked for once in a while only, and the caller is told when; once they can be read, he is known', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    issuer.answer.with = serverError;
    const before = issuer.served.count;
    const token = await issuer.token();
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      const retryAfter = { headers: { 'Retry-After': String(seconds) } };
      for (let n = 0; n < 3; n += 1)
        await expect(verify(token)).rejects.toEqual(expect.objectContaining({ status: 503, ...retryAfter }));
      vi.setSystemTime(Date.now() + seconds * 1000);
    }
    expect(issuer.served.count).toBe(before + 7);
    issuer.answer.with = undefined;
    expect(await verify(await issuer.token())).toMatchObject({ merchantId: 'acme' });
  });

  describe('those that are known', () => {
    const minutes = 60_000;
    const hours = 60 * minutes;
    const pass = (ms: number) => vi.setSystemTime(Date.now() + ms);
    beforeEach(async () => {
      vi.useFakeTimers({ toFake: ['Date'] });
      await verify(await issuer.token());
    });

    test('count for twelve hours, each failure is measured, and new ones are read as soon as they can be', async () => {
      issuer.answer.with = serverError;
      pass(10 * minutes);
      expect(await verify(await issuer.token())).toMatchObject({ merchantId: 'acme' });
      const { stageMetrics } = await import('../metrics.ts');
      expect(stageMetrics.serializeMetrics()).toMatchObject({ TokenIssuerUnavailable: 1 });
      pass(12 * hours - 10 * minutes - 1);
      expect(await verify(await issuer.token())).toMatchObject({ merchantId: 'acme' });
      pass(1 * minutes);
      await expect(verify(await issuer.token())).rejects.toEqual(expect.objectContaining({ status: 503 }));
      issuer.answer.with = undefined;
      pass(1 * minutes);
      expect(await verify(await issuer.token())).toMatchObject({ merchantId: 'acme' });
    });

    test('are read again after ten minutes, from when on a key that was withdrawn counts no longer', async () => {
      const old = await issuer.token();
      const next = await startIssuer();
      issuer.keySet.keys = [{ ...next.publicKey, kid: 'next' }];
      pass(10 * minutes - 1);
      expect(await verify(await issuer.token())).toMatchObject({ merchantId: 'acme' });
      pass(1);
      await expect(verify(await issuer.token())).rejects.toEqual(unauthenticated());
      await expect(verify(old)).rejects.toEqual(unauthenticated());
      await next.stop();
    });

    test('serve nearly all requests at once while the issuer hangs', async () => {
      const held: ServerResponse[] = [];
      issuer.answer.with = (_request, response) => held.push(response);
      pass(10 * minutes);
      const started = performance.now();
      for (let n = 0; n < 20; n += 1)
        expect(await verify(await issuer.token())).toMatchObject({ subject: 'user-1' });
      // One of them waits for half a second, and none for the three that the issuer has.
      expect(performance.now() - started).toBeLessThan(5000);
      expect(held).toHaveLength(1);
      held[0]?.end(JSON.stringify(issuer.keySet));
    });

    test('do not make a token with an unknown key ask again each time, neither with an issuer nor without', async () => {
      const other = await generateKeyPair('ES256', { extractable: true });
      const unknown = () => issuer.token({}, { kid: 'unknown' }, other);
      const before = issuer.served.count;
      for (let n = 0; n < 3; n += 1) await expect(verify(await unknown())).rejects.toEqual(unauthenticated());
      expect(issuer.served.count).toBe(before);
      pass(10_000);
      for (let n = 0; n < 3; n += 1) await expect(verify(await unknown())).rejects.toEqual(unauthenticated());
      expect(issuer.served.count).toBe(before + 1);
      issuer.answer.with = serverError;
      pass(10_000);
      for (let n = 0; n < 3; n += 1)
        await expect(verify(await unknown())).rejects.toEqual(expect.objectContaining({ status: 503 }));
      expect(issuer.served.count).toBe(before + 2);
      expect(await verify(await issuer.token())).toMatchObject({ merchantId: 'acme' });
    });

    test('are read again at once for a token with a key that is new', async () => {
      const next = await startIssuer();
      pass(10_000);
      issuer.keySet.keys = [issuer.publicKey, { ...next.publicKey, kid: 'next' }];
      expect(await verify(await issuer.token({}, { kid: 'next' }, next.keys))).toMatchObject({
        merchantId: 'acme',
      });
      await next.stop();
    });
  });
});

test.each(['TOKEN_ISSUER', 'TOKEN_AUDIENCE'])(
  'A function without %s says so instead of blaming the token or the issuer',
  async (name) => {
    vi.stubEnv(name, undefined);
    await expect(verify(await issuer.token())).rejects.toThrow(`The environment variable ${name} is not set`);
  },
);

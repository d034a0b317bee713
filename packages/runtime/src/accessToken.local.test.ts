import { createHmac } from 'node:crypto';
import { exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { captureLog } from './logFixtures.ts';
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

  test('while clocks are five seconds apart, and not more', async () => {
    // The clock stands, so that it does not matter how long this takes.
    vi.useFakeTimers({ toFake: ['Date'] });
    const now = Math.floor(Date.now() / 1000);
    expect(await verify(await issuer.token({ exp: now - 4 }))).toBeDefined();
    expect(await verify(await issuer.token({ nbf: now + 5 }))).toBeDefined();
    await expect(verify(await issuer.token({ exp: now - 5 }))).rejects.toEqual(unauthenticated());
    await expect(verify(await issuer.token({ nbf: now + 6 }))).rejects.toEqual(unauthenticated());
  });

  test.each(['RS256', 'PS256', 'EdDSA', 'ES384'])('by a token that is signed with %s', async (algorithm) => {
    const other = await startIssuer(algorithm);
    vi.stubEnv('TOKEN_ISSUER', other.url);
    try {
      expect(await verify(await other.token())).toMatchObject({ merchantId: 'acme' });
    } finally {
      await other.stop();
    }
  });

  test('with the issuer asked once for its keys, even when its name ends with a slash', async () => {
    vi.stubEnv('TOKEN_ISSUER', `${issuer.url}/`);
    const before = issuer.served.count;
    const token = await issuer.token({ iss: `${issuer.url}/` });
    await Promise.all(Array.from({ length: 5 }, () => verify(token)));
    await verify(token);
    expect(issuer.served.count).toBe(before + 1);
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

  const later = () => Math.floor(Date.now() / 1000) + 60;
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

  test('nothing is remembered: once they can be read, the next caller is known', async () => {
    let broken = true;
    const recovering = await listen((_request, response) => {
      if (broken) response.writeHead(500).end();
      else response.end(JSON.stringify({ keys: [issuer.publicKey] }));
    });
    vi.stubEnv('TOKEN_ISSUER', recovering.url);
    try {
      const token = await issuer.token({ iss: recovering.url });
      await expect(verify(token)).rejects.toEqual(unavailable);
      broken = false;
      expect(await verify(token)).toMatchObject({ merchantId: 'acme' });
    } finally {
      await recovering.stop();
    }
  });
});

test.each(['TOKEN_ISSUER', 'TOKEN_AUDIENCE'])(
  'A function without %s says so instead of blaming the token or the issuer',
  async (name) => {
    vi.stubEnv(name, undefined);
    await expect(verify(await issuer.token())).rejects.toThrow(`The environment variable ${name} is not set`);
  },
);

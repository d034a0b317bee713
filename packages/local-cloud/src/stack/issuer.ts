import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose';

export type TokenRequest = {
  /** URL of the issuer, whose key set verifies the token: the base URL of a running stack. */
  issuer: string;
  subject: string;
  merchantId: string;
  scopes: readonly string[];
  /** Negative for a token that has expired already. */
  expiresInSeconds: number;
};

/**
 * Signs a development access token (RFC 9068) with the key of this repository's stacks.
 *
 * @throws when the key file cannot be read.
 */
export async function signToken(request: TokenRequest, keyFile = developmentKeyFile): Promise<string> {
  const key = await signingKey(keyFile);
  const nowSeconds = Math.floor(Date.now() / 1_000);
  return new SignJWT({ merchant_id: request.merchantId, scope: request.scopes.join(' ') })
    .setProtectedHeader({ alg: algorithm, kid: key.kid, typ: 'at+jwt' })
    .setIssuer(request.issuer)
    .setAudience('fanfold')
    .setSubject(request.subject)
    .setIssuedAt(nowSeconds)
    .setNotBefore(nowSeconds)
    .setExpirationTime(nowSeconds + request.expiresInSeconds)
    .sign(await importJWK(key));
}

/** The public half of the key that signs development tokens, as a JSON Web Key Set (RFC 7517). */
export async function publicKeySet(keyFile = developmentKeyFile): Promise<{ keys: JWK[] }> {
  const { d: _private, ...publicKey } = await signingKey(keyFile);
  return { keys: [publicKey] };
}

const algorithm = 'ES256';

/** One key per repository, so that tokens outlive a restart. `.fanfold` is not under version control. */
const developmentKeyFile = fileURLToPath(new URL('../../../../.fanfold/issuer-key.json', import.meta.url));

type SigningKey = JWK & { kid: string };

async function signingKey(file: string): Promise<SigningKey> {
  return (await readKey(file)) ?? (await createKey(file));
}

async function readKey(file: string): Promise<SigningKey | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not a JSON Web Key: delete it, and the next start makes a new one.`, {
      cause: error,
    });
  }
}

async function createKey(file: string): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const key = await exportJWK(privateKey);
  const signing = { ...key, kid: await calculateJwkThumbprint(key), alg: algorithm, use: 'sig' };
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, JSON.stringify(signing), { mode: 0o600 });
  try {
    // The file appears complete or not at all, and never replaces the key of a stack that started meanwhile.
    await link(draft, file);
    return signing;
  } catch (error) {
    const existing = await readKey(file);
    if (existing) return existing;
    throw error;
  } finally {
    await unlink(draft);
  }
}

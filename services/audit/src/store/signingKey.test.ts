import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { publicKeyOf, sign } from './signingKey.ts';

const arnOf = (key: string) => `arn:aws:kms:eu-west-1:123456789012:key/${key}`;
const publicKeyNamed = (key: string) => Buffer.alloc(32, key);

const kms = mockClient(KMSClient);
/** Which key the alias names. */
let named: string;
beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse('2026-12-01T12:00:00Z') });
  kms.reset();
  kms.on(GetPublicKeyCommand).callsFake(({ KeyId }) => {
    const key = KeyId.startsWith('arn:') ? KeyId.split('/').at(-1) : named;
    return { KeyId: arnOf(key), PublicKey: Buffer.concat([Buffer.alloc(12), publicKeyNamed(key)]) };
  });
  kms.on(SignCommand).callsFake(() => ({ KeyId: arnOf(named), Signature: Buffer.from(named) }));
});
afterEach(() => {
  vi.useRealTimers();
});

const asked = () => kms.commandCalls(GetPublicKeyCommand).length;

describe('The public part of a key', () => {
  it('is asked for once, and again after five minutes, since an alias may name another key by then', async () => {
    named = 'a';
    for (let i = 0; i < 3; i++) expect(await publicKeyOf('alias/one')).toEqual(publicKeyNamed('a'));
    expect(asked()).toBe(1);
    named = 'b';
    vi.advanceTimersByTime(5 * 60_000 - 1);
    expect(await publicKeyOf('alias/one')).toEqual(publicKeyNamed('a'));
    vi.advanceTimersByTime(1);
    expect(await publicKeyOf('alias/one')).toEqual(publicKeyNamed('b'));
    expect(asked()).toBe(2);
  });

  it('is asked for again after an answer failed', async () => {
    kms
      .on(GetPublicKeyCommand)
      .rejectsOnce(new Error('throttled'))
      .callsFake(() => ({ PublicKey: publicKeyNamed('c') }));
    await expect(publicKeyOf('alias/two')).rejects.toThrow('throttled');
    expect(await publicKeyOf('alias/two')).toEqual(publicKeyNamed('c'));
  });
});

describe('A signature', () => {
  it('comes with the public part of the key that signed, which never changes, when an alias has come to name another one', async () => {
    for (const key of ['d', 'e', 'd', 'e']) {
      named = key;
      expect(await sign('alias/three', Buffer.from('text'))).toEqual({
        signature: Buffer.from(key),
        publicKey: publicKeyNamed(key),
      });
      vi.advanceTimersByTime(86_400_000);
    }
    expect(asked()).toBe(2);
  });

  it('without the key that made it is none', async () => {
    kms.on(SignCommand).resolves({ Signature: Buffer.from('x') });
    await expect(sign('alias/four', Buffer.from('text'))).rejects.toThrow('gave no signature');
  });
});

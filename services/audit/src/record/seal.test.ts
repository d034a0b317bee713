import { expect, it } from 'vitest';
import { eventSaltOf, keyIdOf, newDataKey, seal, subjectSaltOf, unseal } from './seal.ts';

const key = newDataKey();

it('a text is read with its key in its place', () => {
  const text = '{"name":"Ada Lovelace, Straße 1, 東京"}';
  const sealed = seal(key, text, 'acme#pay_1#0000000001');
  expect(unseal(key, sealed, 'acme#pay_1#0000000001')).toBe(text);
  expect(Buffer.from(sealed).includes('Ada')).toBe(false);
});

it('a text that was sealed before texts were compressed is read as well', () => {
  // Sealed by the version of 25 November 2026.
  const oldKey = Buffer.alloc(32, 7);
  const sealed = Buffer.from('gZ6o63gjCEDJcL30+MdR87E04Fin3zLPUOzA2SWczK6Gj778iiz4eLAZ', 'base64');
  expect(unseal(oldKey, sealed, 'acme#pay_1#0000000001')).toBe('{"name":"Ada"}');
});

it('is not read with another key, in another place, or when a bit of it was changed', () => {
  const sealed = seal(key, 'a secret', 'here');
  expect(() => unseal(newDataKey(), sealed, 'here')).toThrow();
  expect(() => unseal(key, sealed, 'there')).toThrow();
  for (const i of sealed.keys()) {
    const changed = Uint8Array.from(sealed, (byte, at) => (at === i ? byte ^ 1 : byte));
    expect(() => unseal(key, changed, 'here')).toThrow();
  }
  expect(() => unseal(key, new Uint8Array(), 'here')).toThrow();
});

it('the same text is never sealed to the same bytes', () => {
  expect(seal(key, 'a secret', 'here')).not.toEqual(seal(key, 'a secret', 'here'));
});

it('what is derived from a key tells nothing of what else is', () => {
  const derived = [
    eventSaltOf(key, 'pay_1:1'),
    eventSaltOf(key, 'pay_1:2'),
    subjectSaltOf(key, 'pay_1'),
    subjectSaltOf(key, 'pay_1:1'),
    eventSaltOf(newDataKey(), 'pay_1:1'),
  ].map((bytes) => Buffer.from(bytes).toString('hex'));
  expect(new Set(derived).size).toBe(derived.length);
  expect(keyIdOf(key)).not.toBe(keyIdOf(newDataKey()));
  expect(keyIdOf(key)).toMatch(/^[\w-]{11}$/);
});

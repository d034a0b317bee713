import { describe, expect, it } from 'vitest';
import { formatVerifierKey, signatureTypes } from './note.ts';
import { keyOf } from './noteFixtures.ts';
import { parseWitnesses } from './witnesses.ts';

const [one, two] = [1, 2].map(
  (n) => keyOf(`witness.example/w${n}`, n, signatureTypes.cosignatureV1).verifierKey,
);
const parse = (list: string, quorum = '1', isLocal = false) => parseWitnesses(list, quorum, { isLocal });

describe('the witnesses of a stage', () => {
  it('are URLs and keys, separated by commas or new lines', () => {
    for (const separator of [',', '\n', ' , \n\n']) {
      expect(parse(`https://w1.example/ ${one}${separator}https://w2.example/a/b ${two}\n`, '2')).toEqual({
        quorum: 2,
        list: [
          {
            name: 'witness.example/w1',
            id: one?.split('+').slice(0, 2).join('+'),
            verifierKey: one,
            url: 'https://w1.example',
          },
          expect.objectContaining({ name: 'witness.example/w2', url: 'https://w2.example/a/b' }),
        ],
      });
    }
  });

  it('may have keys of ML-DSA-44', () => {
    const key = formatVerifierKey('witness.example/pq', Buffer.alloc(1312, 1), signatureTypes.mlDsa44);
    expect(parse(`https://w1.example ${key}`).list).toMatchObject([
      { name: 'witness.example/pq', verifierKey: key },
    ]);
  });

  it('may be none', () => {
    for (const quorum of ['', '0']) expect(parse('', quorum)).toEqual({ list: [], quorum: 0 });
    expect(() => parse('', '1')).toThrow('a quorum of 1 cannot be reached without witnesses');
  });

  it('may be asked without TLS on this machine alone, and only by what runs there', () => {
    for (const host of ['127.0.0.1:7700', 'localhost:7700']) {
      expect(parse(`http://${host} ${one}`, '1', true).list).toHaveLength(1);
      expect(() => parse(`http://${host} ${one}`)).toThrow('is not an https URL');
    }
    expect(() => parse(`http://127.0.0.1.example ${one}`, '1', true)).toThrow('is not an https URL');
  });

  it.each([
    ['', 'the quorum is "" instead of a whole number from 1 to 2'],
    ['0', 'the quorum is "0" instead of a whole number from 1 to 2'],
    ['3', 'the quorum is "3" instead of a whole number from 1 to 2'],
    ['1.5', 'the quorum is "1.5" instead'],
  ])('have a quorum that they can reach, and not %j', (quorum, message) => {
    expect(() => parse(`https://w1.example ${one},https://w2.example ${two}`, quorum)).toThrow(message);
  });

  const logKey = keyOf('example.com/log', 3).verifierKey;
  it.each([
    ['https://w1.example', 'witness 1 is not a URL, a space and a verifier key'],
    [`https://w1.example ${one} ${two}`, 'witness 1 is not a URL, a space and a verifier key'],
    [`http://w1.example ${one}`, 'witness 1 is at http://w1.example, which is not an https URL'],
    [`w1.example ${one}`, 'which is not an https URL'],
    [`https://user:secret@w1.example ${one}`, 'the URL of witness 1 has more than a host and a path'],
    [`https://w1.example/?a=b ${one}`, 'the URL of witness 1 has more than a host and a path'],
    [`https://w1.example ${logKey}`, "the key of witness 1: verifier key is a log's, not a witness'"],
    [`https://w1.example ${one?.replace('w1', 'w9')}`, 'the key of witness 1: verifier key has hash'],
    [`https://w1.example ${one},https://w2.example ${one}`, 'two witnesses have the name witness.example/w1'],
    [`https://w1.example ${one},https://w1.example/ ${two}`, 'two witnesses have the url https://w1.example'],
    [`https://w.example ${one},`.repeat(14), 'there are 14 witnesses'],
  ])('cannot be %s', (list, message) => {
    expect(() => parse(list)).toThrow(message);
  });
});

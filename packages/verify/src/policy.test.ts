import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bodyOf, entriesOf, leaf, noteOf, origin, Signer } from './logFixtures.ts';
import { openCheckpoint } from './note.ts';
import { maxPolicyBytes, parsePolicy } from './policy.ts';
import { isMet, type Quorum } from './quorum.ts';

const log = new Signer(origin);
const witnesses = Array.from({ length: 6 }, (_, i) => new Signer(`witness-${i}.example/w`, true));
const [a, b, c, d] = witnesses as [Signer, Signer, Signer, Signer];
const body = bodyOf(entriesOf(3).map(leaf));

const parse = (text: string) => parsePolicy(Buffer.from(text));

const people = `# The people whom we trust
log ${log.vkey} https://log.example/audit
\t
witness A ${a.vkey} https://a.example/submit
 witness\tB  ${b.vkey}
witness C ${c.vkey}\t
group far 2 A B C
  # and one of ours
witness D ${d.vkey}
group any any D
group both all far any
quorum both
`;

describe('a policy', () => {
  it.each([
    [[a, b, d], true],
    [[a, b, c, d], true],
    [[b, c], false],
    [[a, d], false],
    [[], false],
  ])('is met by those who make a quorum, and not by others: %#', async (signers, meets) => {
    const opened = openCheckpoint(noteOf(body, log, ...signers), await parse(people));
    if (meets) {
      const { witnessedBy } = await opened;
      expect(witnessedBy.map(({ key }) => key.name)).toEqual(signers.map(({ name }) => name));
    } else {
      await expect(opened).rejects.toThrow(
        /^witness: the quorum both is not met: .*[A-D] ha(s|ve) not signed/,
      );
    }
  });

  it('without a quorum shows who has signed, and demands that what they signed fits', async () => {
    const policy = await parse(`witness A ${a.vkey}\nlog ${log.vkey}\nquorum none`);
    expect((await openCheckpoint(noteOf(body, log), policy)).witnessedBy).toEqual([]);
    expect((await openCheckpoint(noteOf(body, log, a, b), policy)).witnessedBy).toHaveLength(1);
    const wrong = noteOf(body, log) + a.line(bodyOf([]));
    await expect(openCheckpoint(wrong, policy)).rejects.toThrow(/^signature: that of witness-0/);
  });

  it('demands the signature of one of its logs', async () => {
    const other = new Signer('log.example/other');
    const policy = await parse(`log ${other.vkey}\n${people}`);
    expect((await openCheckpoint(noteOf(body, log, a, b, d), policy)).origin).toBe(origin);
    await expect(openCheckpoint(noteOf(body, a, b, d), policy)).rejects.toThrow('by none of the keys given');
  });

  it('may leave the log to who uses it', async () => {
    expect((await parse('quorum none\n')).keys).toEqual([]);
  });

  it('has names of any octets, which differ when these do', async () => {
    const text = `witness K ${a.vkey}\nwitness \u212a ${b.vkey}\nwitness any ${c.vkey}\ngroup log 2 K \u212a any\nquorum log\n`;
    expect((await parse(text)).quorum).toMatchObject({ name: 'log', members: [{}, { name: '\u212a' }, {}] });
    const latin1 = Buffer.from(`witness \xe9 ${a.vkey}\nwitness \xe8 ${b.vkey}\nquorum \xe9\n`, 'latin1');
    expect((await parsePolicy(latin1)).witnessKeys).toHaveLength(2);
  });

  it('of as many logs, witnesses and groups as should be supported is read, with post-quantum keys too', async () => {
    const text = await readFile(new URL('../testdata/tessera/policy', import.meta.url), 'utf8');
    const [pq = ''] = /witness pq .*\n/.exec(text) ?? [];
    expect(64 * pq.length).toBeLessThan(maxPolicyBytes);
    const lines = Array.from({ length: 32 }, (_, i) => {
      const [one, other] = [new Signer(`log-${i}.example/l`), new Signer(`w-${i}.example/w`, true)];
      return `log ${one.vkey}\nwitness W${i} ${other.vkey}\ngroup G${i} any W${i}${i > 0 ? ` G${i - 1}` : ''}\n`;
    });
    expect((await parse(`${lines.join('')}quorum G31\n`)).witnessKeys).toHaveLength(32);
  });
});

describe('a policy that cannot be meant is refused with the number of the line:', () => {
  const [A, B] = [`witness A ${a.vkey}\n`, `witness B ${b.vkey}\n`];
  const renamed = `renamed.example+${'0'.repeat(8)}+${a.vkey.split('+').slice(2).join('+')}`;
  it.each([
    [
      'an unknown key type',
      `log ${log.vkey}\nlog ${log.vkey.replace(/^([^+]*\+[^+]*\+)A/, '$1I')}\n`,
      2,
      'is of type 33',
    ],
    ['the key of a witness for a log', `log ${a.vkey}\n`, 1, 'It is the key of a witness, and not of a log.'],
    ['the key of a log for a witness', `\nwitness A ${log.vkey}\n`, 2, 'It is the key of a log'],
    ['a key with a typing error', `witness A ${renamed}\n`, 1, 'has a typing error'],
    ['no key', 'witness A https://a.example\n', 1, 'It is not a key'],
    ['a name twice', `${A}${B}${`witness A ${c.vkey}`}`, 3, 'the name A is taken since line 1.'],
    ['a group that is named like a witness', `${A}${B}group A any B`, 3, 'the name A is taken since line 1.'],
    [
      'a witness twice',
      `${A}witness B ${a.vkey}`,
      2,
      'the same public key is that of another witness since line 1.',
    ],
    [
      'a log twice',
      `log ${log.vkey}\n#\nlog ${log.vkey}`,
      3,
      'the same public key is that of another log since line 1.',
    ],
    [
      'a group that needs more than it has',
      `${A}${B}group G 3 A B`,
      3,
      'needs "3" of its members: say all, any or a number from 1 to 2.',
    ],
    ['a group that needs none', `${A}group G 0 A`, 2, 'needs "0" of its members'],
    ['a group that needs most', `${A}group G most A`, 2, 'needs "most" of its members'],
    ['a group without members', `${A}group G any`, 2, 'it is none of: log <key>'],
    [
      'a group of somebody unknown',
      `${A}group G any A X`,
      2,
      'no line before it defines a witness or group X.',
    ],
    ['a group of itself', `${A}group G any A G`, 2, 'no line before it defines a witness or group G.'],
    ['a group of none', `${A}group G any A none`, 2, 'none cannot be a member of a group.'],
    ['a member twice', `${A}group G all A A`, 2, 'A is a member of a group since line 2.'],
    [
      'a member of two groups',
      `${A}${B}group G any A\ngroup H all A B`,
      4,
      'A is a member of a group since line 3.',
    ],
    ['a quorum of nobody', `${A}quorum B\n${B}`, 2, 'no line before it defines a witness or group B.'],
    ['two quorums', `${A}quorum A\nquorum none\n`, 3, 'there is a quorum since line 2.'],
    ['no quorum', `${A}${B}`, 2, 'none of its lines begins with quorum.'],
    ['nothing', '', 1, 'none of its lines begins with quorum.'],
    ['none as a name', `witness none ${a.vkey}`, 1, 'none is no name'],
    ['an unknown word', `${A}quorums A`, 2, 'it is none of: log <key>'],
    ['a word in capitals', `${A}Quorum A`, 2, 'it is none of: log <key>'],
    ['something behind the end', `${A}quorum A B`, 2, 'it is none of: log <key>'],
    ['a comment behind the end', `${A}quorum A # and no other`, 2, 'it is none of: log <key>'],
    ['line ends of Windows', `${A}quorum A\r\n`, 2, 'line ends from Windows'],
    ['a zero', `${A}quorum A\0`, 2, 'it has a control character'],
  ])('%s', async (_, text, line, message) => {
    await expect(parse(text)).rejects.toThrow(new RegExp(`^line ${line}: `));
    await expect(parse(text)).rejects.toThrow(message);
  });

  it('a quorum of more witnesses than a checkpoint can have signatures', async () => {
    const lines = Array.from(
      { length: 64 },
      (_, i) => `witness W${i} ${new Signer(`w${i}.example`, true).vkey}\n`,
    );
    const names = lines.map((_, i) => `W${i}`).join(' ');
    const all = parse(`${lines.join('')}group G all ${names}\nquorum G\n`);
    await expect(all).rejects.toThrow(
      'line 66: the quorum G needs 64 witnesses, and a checkpoint has at most 64',
    );
    expect((await parse(`${lines.join('')}group G 63 ${names}\nquorum G\n`)).quorum).toMatchObject({
      threshold: 63,
    });
  });
});

/** Groups of groups over all witnesses, each in one of them, and what the policy's lines are. */
const nested = fc
  .tuple(fc.infiniteStream(fc.nat(3)), fc.infiniteStream(fc.nat(5)))
  .map(([sizes, thresholds]) => {
    const lines = witnesses.map(({ vkey }, i) => `witness w${i} ${vkey}`);
    let names = witnesses.map((_, i) => `w${i}`);
    for (let n = 0; names.length > 1; n++) {
      const size = Math.min(names.length, 2 + (sizes.next().value as number));
      const members = names.slice(0, size);
      lines.push(`group g${n} ${1 + ((thresholds.next().value as number) % size)} ${members.join(' ')}`);
      names = [...names.slice(size), `g${n}`];
    }
    return `${lines.join('\n')}\nquorum ${names[0]}\n`;
  });

/** By the lines themselves: a group has witnessed when so many of its members have. */
function hasWitnessed(text: string, signed: ReadonlySet<string>): boolean {
  const known = new Set(signed);
  let quorum = '';
  for (const line of text.split('\n')) {
    const [keyword, name = '', threshold, ...members] = line.split(' ');
    if (keyword === 'quorum') quorum = name;
    if (keyword === 'group' && members.filter((member) => known.has(member)).length >= Number(threshold))
      known.add(name);
  }
  return known.has(quorum);
}

describe('whether a quorum is met', () => {
  const subsets = fc.subarray(witnesses.map((_, i) => i));

  it('follows from who has signed as the lines say, whatever the groups', async () => {
    await fc.assert(
      fc.asyncProperty(nested, subsets, async (text, signers) => {
        const { quorum, witnessKeys } = await parse(text);
        const signed = new Set(signers.map((i) => witnessKeys[i] as (typeof witnessKeys)[number]));
        expect(isMet(quorum, signed)).toBe(hasWitnessed(text, new Set(signers.map((i) => `w${i}`))));
      }),
    );
  });

  it('never ends because another witness has signed, and all of them always meet it', async () => {
    await fc.assert(
      fc.asyncProperty(nested, subsets, fc.nat(5), async (text, signers, more) => {
        const { quorum, witnessKeys } = await parse(text);
        const met = (indexes: number[]) =>
          isMet(quorum, new Set(indexes.map((i) => witnessKeys[i] as never)));
        if (met(signers)) expect(met([...signers, more])).toBe(true);
        expect(met(witnesses.map((_, i) => i))).toBe(true);
        expect(met([])).toBe(false);
      }),
    );
  });

  it('is the same for a checkpoint, whoever else has signed, and in whatever order', async () => {
    const stranger = new Signer('stranger.example/w', true);
    await fc.assert(
      fc.asyncProperty(nested, fc.shuffledSubarray(witnesses), async (text, signers) => {
        const policy = await parse(`log ${log.vkey}\n${text}`);
        const names = new Set(signers.map((signer) => `w${witnesses.indexOf(signer)}`));
        const opened = openCheckpoint(noteOf(body, stranger, ...signers, log), policy);
        const isOpen = await opened.then(
          () => true,
          () => false,
        );
        expect(isOpen).toBe(hasWitnessed(text, names));
      }),
      { numRuns: 30 },
    );
  });

  it('is never met by fewer than a group needs', () => {
    const keys = Array.from({ length: 5 }, () => ({}) as never);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.subarray(keys), (threshold, signed) => {
        const quorum: Quorum = {
          name: 'g',
          threshold,
          members: keys.map((witness) => ({ name: 'w', witness })),
        };
        expect(isMet(quorum, new Set(signed))).toBe(signed.length >= threshold);
      }),
    );
  });
});

it('no bytes make it do anything but read or refuse with a line', async () => {
  const words = fc.constantFrom(
    'log',
    'witness',
    'group',
    'quorum',
    'any',
    'all',
    '2',
    'none',
    'A',
    '#',
    '\t',
    '\n',
    ' ',
    a.vkey,
    log.vkey,
  );
  const texts = fc.array(words, { maxLength: 30 }).map((parts) => Buffer.from(parts.join(' ')));
  await fc.assert(
    fc.asyncProperty(fc.oneof(texts, fc.uint8Array()), async (bytes) => {
      const refusal = await parsePolicy(bytes).then(
        () => 'line 1: read',
        (error: Error) => error.message,
      );
      expect(refusal).toMatch(/^line [1-9]\d*: /);
    }),
  );
});

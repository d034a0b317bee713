import { expect, it } from 'vitest';
import { type AgeLimit, checkAges } from './age.ts';
import { Findings } from './findings.ts';
import { parseKey } from './key.ts';
import { Signer } from './logFixtures.ts';
import type { Checkpoint } from './note.ts';

const key = await parseKey(new Signer('fanfold.example/test/witness', true).vkey);
const name = `${key.name}+${key.id}`;
const time = new Date('2026-11-30T12:00:00.000Z');

const other = await parseKey(new Signer('fanfold.example/other/witness', true).vkey);

/** What is reported of a signature after so many seconds, and of the other witness's where there is one. */
function reported(seconds: number, isDemanded: boolean, of: AgeLimit['of'] = 'each', otherAfter?: number) {
  const [findings, warnings] = [new Findings(), [] as string[]];
  const now = new Date(time.getTime() + seconds * 1000);
  const witnessedBy = [
    { key, time },
    ...(otherAfter === undefined ? [] : [{ key: other, time: new Date(now.getTime() - otherAfter * 1000) }]),
  ];
  const checkpoint = { witnessedBy } as unknown as Checkpoint;
  checkAges(checkpoint, { now, maxAgeSeconds: 300, isDemanded, of }, findings, warnings);
  return { findings: findings.first, warnings };
}

it('a signature of the last minutes is reported neither as a warning nor as a finding', () => {
  for (const seconds of [-300, 0, 59, 300]) {
    for (const isDemanded of [false, true])
      expect(reported(seconds, isDemanded)).toEqual({ findings: [], warnings: [] });
  }
});

it.each([
  [301, '5 min'],
  [7260, '2 h'],
  [3 * 86_400, '3 d'],
])('one that is %d seconds old is a warning, or wrong where none so old is allowed', (seconds, age) => {
  expect(reported(seconds, false).warnings).toEqual([
    expect.stringContaining(`${name} has not signed for ${age}, and does so every minute`),
  ]);
  expect(reported(seconds, true)).toMatchObject({
    findings: [{ kind: 'old-signature', where: name, message: expect.stringContaining(age) }],
    warnings: [],
  });
});

it('one from the future says nothing of its age', () => {
  expect(reported(-301, true).findings).toMatchObject([
    { message: expect.stringContaining('in the future, by 5 min') },
  ]);
});

it('with a policy the newest signature counts, and each one without', () => {
  expect(reported(301, true, 'newest', 300)).toEqual({ findings: [], warnings: [] });
  expect(reported(301, true, 'each', 300).findings).toMatchObject([{ where: name }]);
  expect(reported(301, true, 'newest', 7260).findings).toMatchObject([
    { where: name, message: expect.stringContaining('has signed 5 min ago, and no other witness since') },
  ]);
});

it('what no witness of a policy has signed has no age, which is wrong where one is demanded', () => {
  for (const isDemanded of [false, true]) {
    const [findings, warnings] = [new Findings(), [] as string[]];
    const limit = { now: time, maxAgeSeconds: 300, isDemanded, of: 'newest' } as const;
    checkAges({ witnessedBy: [] } as unknown as Checkpoint, limit, findings, warnings);
    expect([findings.count, warnings]).toEqual([isDemanded ? 1 : 0, []]);
  }
});

import { expect, it } from 'vitest';
import { checkAges } from './age.ts';
import { Findings } from './findings.ts';
import { Signer } from './logFixtures.ts';
import { type Checkpoint, parseKey } from './note.ts';

const key = await parseKey(new Signer('fanfold.example/test/witness', true).vkey);
const name = `${key.name}+${key.id}`;
const time = new Date('2026-11-30T12:00:00.000Z');

/** What is reported of a signature after so many seconds. */
function reported(seconds: number, isDemanded: boolean) {
  const [findings, warnings] = [new Findings(), [] as string[]];
  const now = new Date(time.getTime() + seconds * 1000);
  const checkpoint = { witnessedBy: [{ key, time }] } as unknown as Checkpoint;
  checkAges(checkpoint, { now, maxAgeSeconds: 300, isDemanded }, findings, warnings);
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

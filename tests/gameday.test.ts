import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fanfold } from '../scripts/fanfold/commandFixtures.ts';
import { failures } from '../scripts/fanfold/operations/failures.ts';
import type { Step } from '../scripts/fanfold/operations/gameday.ts';
import { type RunningStack, startDev } from './runningStack.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

/** It has limits of its own for each wait, and tells what it waited for. The longest failure takes 40 s where nothing else runs. */
const longestMs = 300_000;

/** Each failure that `fanfold gameday` can make, on the stack that `pnpm dev` starts. */
let stack: RunningStack;

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
}, 60_000);
afterAll(async () => {
  expect(await stack?.stop()).toBe(0);
});

type Played = { failures: { isWhole: boolean; error?: string; steps: Step[] }[] };
const play = async (name: string) => {
  const { code, stdout } = await fanfold(['gameday', name, '--json'], stack.base);
  const {
    failures: [played],
  } = JSON.parse(stdout) as Played;
  return { code, played };
};

it.each(failures.map(({ name }) => name))(
  '%s: its alarm rings, its runbook helps, and the stack is whole',
  async (name) => {
    const { code, played } = await play(name);
    expect(played?.error).toBeUndefined();
    expect(played?.isWhole).toBe(true);
    expect([...new Set(played?.steps.map(({ what }) => what))]).toEqual([
      'failure',
      'alarm',
      'runbook',
      'followed the runbook',
      'whole again',
    ]);
    expect(code).toBe(0);
  },
  longestMs,
);

it('nothing is made while the alarm rings already, and the exit code is 1', async () => {
  const wire = new Wire(`http://127.0.0.1:${stack.base + 4}`);
  await wire.send(deadLettersOf(queues.billing), 'no JSON');
  const { code, played } = await play('poisoned-event');
  expect(code).toBe(1);
  expect(played).toMatchObject({ isWhole: false, steps: [] });
  expect(played?.error).toMatch(
    /^fanfold-local-billing-dead-letters rings before .* is 1; .* First follow docs\/runbooks\/dead-letters\.md\.$/,
  );
});

import { eventBridge, eventBridgeNumbered } from '../../peers/eventBridge.ts';
import { usual, usualInTens } from '../../peers/usual.ts';
import { fanfold } from './fanfold.ts';
import { startMeteredCloud } from './meteredCloud.ts';
import type { MeasuredProgram, Program } from './program.ts';

/** The designs that are compared: Fanfold first, and variants of others last. */
export const programs: Record<string, Program> = {
  fanfold,
  usual,
  eventBridge,
  usualInTens,
  eventBridgeNumbered,
};

/** Takes this whole process, whose functions' time and calls are counted. */
export async function measureProgram(
  key: string,
  few: number,
  many: number,
  merchants = 1,
): Promise<MeasuredProgram> {
  const cloud = await startMeteredCloud();
  const program = await programs[key]?.start(cloud, merchants);
  if (!program) throw new Error(`There is no program ${key}`);
  // Many first: functions that have run for a while are faster, and at low load they have, too.
  const high = { payments: many, used: await program.payTogether(many) };
  const low = { payments: few, used: await program.payOneByOne(few) };
  const apart = Math.ceil(few / 5);
  const alone = program.payAlone && { payments: apart, used: await program.payAlone(apart) };
  const minute = (await program.everyMinute?.()) ?? [];
  await program.stop();
  await cloud.stop();
  return { ...(alone && { alone }), low, high, minute };
}

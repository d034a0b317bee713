import { startMeteredCloud } from './meteredCloud.ts';
import type { MeasuredProgram } from './program.ts';
import { programs } from './programs.ts';

// Nobody waits for it any more.
process.once('disconnect', () => process.exit(1));
const [key = '', oneByOne, together] = process.argv.slice(2);
const cloud = await startMeteredCloud();
const program = await programs[key]?.start(cloud);
if (!program) throw new Error(`There is no program ${key}`);
const many = Number(together);
const few = Number(oneByOne);
// Many first: functions that have run for a while are faster, and at low load they have, too.
const high = { payments: many, used: await program.payTogether(many) };
const low = { payments: few, used: await program.payOneByOne(few) };
const apart = Math.ceil(few / 6);
const alone = program.payAlone && { payments: apart, used: await program.payAlone(apart) };
const minute = (await program.everyMinute?.()) ?? [];
await program.stop();
await cloud.stop();
process.send?.({ ...(alone && { alone }), low, high, minute } satisfies MeasuredProgram, () =>
  process.exit(0),
);

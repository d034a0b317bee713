import { startDev } from './dev.ts';
import { runFlow } from './flow.ts';
import { startInProcess } from './inProcess.ts';

// A process of its own for each run, and emulators that have nothing yet.
const [place, ...counts] = process.argv.slice(2);
const [clients, payments] = counts.map(Number) as [number, number];
const stage = await (place === 'dev' ? startDev() : startInProcess());
// Nobody waits for it any more.
process.once('disconnect', async () => {
  await stage.stop();
  process.exit(1);
});
process.send?.(await runFlow(stage, clients, payments));
await stage.stop();
process.exit(0);

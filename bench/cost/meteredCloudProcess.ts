import { startEmulators } from '@fanfold/local-cloud/emulators';
import { startMeter } from './meter.ts';

const emulators = await startEmulators();
const meter = await startMeter(emulators.endpoints);
process.on('message', async (what) => {
  if (what === 'take') {
    process.send?.(meter.take());
    return;
  }
  meter.stop();
  await emulators.stop();
  process.exit(0);
});
process.send?.({ emulators: emulators.endpoints, metered: meter.endpoints });

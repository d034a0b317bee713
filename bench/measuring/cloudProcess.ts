import { startEmulators } from '@fanfold/local-cloud/emulators';

const { endpoints, stop } = await startEmulators();
// Also when the other process ended without a word.
process.once('disconnect', async () => {
  await stop();
  process.exit(0);
});
process.send?.(endpoints);

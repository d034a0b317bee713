import { measureLog } from './log.ts';

// Nobody waits for it any more.
process.once('disconnect', () => process.exit(1));
const [size, batches] = process.argv.slice(2).map(Number);
process.send?.(await measureLog(size as number, batches as number), () => process.exit(0));

import { measureLog } from './log.ts';

// A process of its own for each size, so that none is warmed up by another.
const [size, batches] = process.argv.slice(2).map(Number);
console.log(JSON.stringify(await measureLog(size as number, batches as number)));
process.exit(0);

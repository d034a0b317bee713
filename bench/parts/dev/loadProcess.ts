import { payUnderLoad } from './load.ts';

// Nobody waits for it any more.
process.once('disconnect', () => process.exit(1));
const [options = ''] = process.argv.slice(2);
process.send?.(await payUnderLoad(JSON.parse(options)), () => process.exit(0));

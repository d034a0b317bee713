import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { runRound } from './round.ts';
import { type WayName, ways } from './ways.ts';

// A process of its own for each round, so that none is warmed up by another.
const [way, endpoint, messages] = process.argv.slice(2) as [WayName, string, string];
useEndpoints({ aws: endpoint, dynamodb: endpoint, kms: endpoint });
// Nobody waits for it any more.
process.once('disconnect', () => process.exit(1));
process.send?.(await runRound(ways[way], endpoint, `${way}-${process.pid}`, Number(messages)));
process.exit(0);

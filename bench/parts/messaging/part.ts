import { join } from 'node:path';
import { startCloud } from '../../measuring/cloud.ts';
import { runApart } from '../../measuring/runApart.ts';
import type { Part } from '../../part.ts';
import { median, medianOfEach } from '../../reporting/statistics.ts';
import { table } from '../../reporting/table.ts';
import type { Round } from './round.ts';
import { type WayName, ways } from './ways.ts';

/** What is the slower takes as long with fewer. */
const messagesPerRound: Record<WayName, number> = {
  bare: 8000,
  bareWithAttributes: 8000,
  fanfold: 8000,
  toolkitTuned: 1000,
  toolkitByDefault: 400,
};

type Result = {
  rounds: number;
  ways: (Round & { name: WayName; timesBare: number })[];
};

export const messagingPart: Part<Result> = {
  name: 'messaging',
  about: 'from publisher to consumer, against the bare SDK',
  minutes: 3,

  async measure({ quick, tell }) {
    const rounds = quick ? 1 : 7;
    const names = Object.keys(ways) as WayName[];
    const measured = new Map(names.map((name): [WayName, Round[]] => [name, []]));
    const cloud = await startCloud();
    for (let round = 1; round <= rounds; round++) {
      tell(`round ${round} of ${rounds}`);
      for (const name of names) {
        const messages = messagesPerRound[name] / (quick ? 20 : 1);
        measured.get(name)?.push(await inProcess(name, cloud.endpoints.aws, messages));
      }
    }
    await cloud.stop();
    return {
      rounds,
      ways: [...measured].map(([name, each]) => ({
        name,
        ...medianOfEach(each),
        timesBare: median(
          each.map(
            ({ messagesPerSecond }, i) =>
              messagesPerSecond / (measured.get('bare')?.[i]?.messagesPerSecond ?? Number.NaN),
          ),
        ),
      })),
    };
  },

  report: ({
    rounds,
    ways: each,
  }) => `Published and handled by one process, through an emulator in another; medians of ${rounds}
interleaved rounds.

${table(
  ['', '× bare', 'messages/s', 'calls per message', 'µs of CPU per message'],
  each.map(({ name, timesBare, messagesPerSecond, callsPerMessage, cpuMicrosecondsPerMessage }) => [
    ways[name].about,
    timesBare.toFixed(2),
    messagesPerSecond.toFixed(0),
    callsPerMessage.toFixed(3),
    cpuMicrosecondsPerMessage.toFixed(0),
  ]),
)}`,
};

const inProcess = (name: WayName, endpoint: string, messages: number): Promise<Round> =>
  runApart(
    `A round of ${name}`,
    [join(import.meta.dirname, 'round.ts'), 'measureRound'],
    [name, endpoint, messages],
  );

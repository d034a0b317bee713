import { nameOf, runbookOf } from '../../../packages/topology/alarms.js';
import { cloudOf } from '../aws/cloud.ts';
import { runningStack } from '../aws/stack.ts';
import { CommandError, messageOf, UsageError } from '../errors.ts';
import type { AlarmPlace } from '../operations/alarms.ts';
import { type Failure, failures } from '../operations/failures.ts';
import { play, type Step } from '../operations/gameday.ts';
import { notify, print, printHeading, printJson } from '../terminal.ts';
import { interruption } from './interruption.ts';
import { table } from './table.ts';

type Options = { list?: true; json?: true };

type Played = {
  name: string;
  alarm: string;
  runbook: string;
  isWhole: boolean;
  steps: Step[];
  error?: string;
};

/**
 * `fanfold gameday`: makes failures on the stack of this machine, one after another, and follows their runbooks.
 *
 * @param name of one failure; all without
 * @returns whether the stack was whole again after each
 * @throws UsageError when there is no such failure
 * @throws when no stack is running, or one that cannot be played with
 */
export async function gameday(name: string | undefined, { list, json }: Options): Promise<boolean> {
  const chosen = failures.filter((failure) => name === undefined || failure.name === name);
  if (chosen.length === 0) {
    throw new UsageError(
      `There is no failure ${name}. There are: ${failures.map((failure) => failure.name).join(', ')}.`,
    );
  }
  if (list) {
    show(chosen, json);
    return true;
  }
  const stack = await runningStack();
  if (stack.paymentProvider !== 'sandbox') {
    throw new CommandError(
      `The stack at ${stack.issuer} is not one that \`pnpm dev\` started with the sandbox as payment provider. Start that.`,
    );
  }
  const cloud = await cloudOf({ stage: 'local' });
  const signal = interruption();
  const all: Played[] = [];
  for (const failure of chosen) {
    if (!json) printHeading(failure.name);
    const steps: Step[] = [];
    const played: Played = { name: failure.name, ...placesOf(failure.alarm), isWhole: false, steps };
    all.push(played);
    const tell = (step: Step) => {
      steps.push(step);
      if (!json)
        print(
          `${`+${step.atMs.toLocaleString('en-US')} ms`.padStart(11)}  ${step.what.padEnd(20)}  ${step.detail}`,
        );
    };
    try {
      await play(failure, { cloud, stack, tell, signal });
      played.isWhole = true;
    } catch (error) {
      played.error = messageOf(error);
      notify(`${failure.name}: ${played.error}`);
    }
    if (signal.aborted) break;
  }
  if (json) printJson({ failures: all });
  return all.every(({ isWhole }) => isWhole);
}

function show(played: Failure[], json: true | undefined): void {
  if (json) {
    printJson({
      failures: played.map(({ name, makes, alarm }) => ({ name, makes, ...placesOf(alarm) })),
    });
    return;
  }
  print(...table(played.map(({ name, makes, alarm }) => [name, ...Object.values(placesOf(alarm)), makes])));
}

const placesOf = ({ service, ...alarm }: AlarmPlace): { alarm: string; runbook: string } => ({
  alarm: nameOf({ stage: 'local', service }, alarm),
  runbook: runbookOf(alarm.name),
});

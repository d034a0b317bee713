import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetFunctionConfigurationCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { Measurement } from '@fanfold/local-cloud/measurements';
import type { StackDescription } from '@fanfold/local-cloud/stack';
import { runbookOf } from '../../../packages/topology/alarms.js';
import type { RecordedEvent } from '../aws/auditLog.ts';
import { type Cloud, invoke, queueUrlOf } from '../aws/cloud.ts';
import { nameOfFunction, ownerOfFunction } from '../aws/places.ts';
import { CommandError } from '../errors.ts';
import { type Alarm, type AlarmState, alarmAt, stateOf } from './alarms.ts';
import { depthOfQueue } from './depths.ts';
import type { Failure, FunctionPlace, Play } from './failures.ts';
import { connect } from './merchantApi.ts';
import { commandOf } from './runbook.ts';
import { twoChairs } from './twoChairs.ts';

/** What happened, so many milliseconds after the failure was begun with. */
export type Step = { atMs: number; what: string; detail: string };

const merchantId = 'fanfold-gameday';
const pollMs = 500;
/** Functions may have to start, on a machine that does other things as well. */
const patienceMs = 120_000;

/**
 * Makes a failure on the stack of this machine, waits until its alarm would ring, follows the runbook, and waits until the stack is
 * whole: the payments of the failure and one more have their invoice and are recorded, and the alarm would be silent. Leaves no failure
 * behind, however it ends.
 *
 * @param tell is called with each step
 * @throws when something does not happen, or when the signal comes
 */
export async function play(
  failure: Failure,
  {
    cloud,
    stack,
    tell,
    signal,
  }: {
    cloud: Cloud;
    stack: StackDescription;
    tell: (step: Step) => void;
    signal: AbortSignal;
  },
): Promise<void> {
  const alarm = await alarmAt(failure.alarm);
  const api = await connect(merchantId);
  const begun = performance.now();
  const paymentIds: string[] = [];
  const servers: Server[] = [];
  const changed: { place: FunctionPlace; variables: Record<string, string> }[] = [];
  let sampled: Measurement[] = [];
  const say = (what: string, detail: string) =>
    tell({ atMs: Math.round(performance.now() - begun), what, detail });

  const playing: Play = {
    cloud,
    endpoint: stack.endpoints.aws,
    async setVariables(place, variables) {
      const before = await variablesOf(cloud, place);
      changed.push({ place, variables: before });
      await configure(cloud, place, { ...before, ...variables });
    },
    async restoreVariables() {
      for (const { place, variables } of changed.splice(0)) await configure(cloud, place, variables);
    },
    async serve(listener) {
      // A caller that has no patience ends its call: the failure goes on, and is undone in the end.
      const answering: RequestListener = (request, response) =>
        void Promise.resolve(listener(request, response)).catch(() => response.destroy());
      const server = createServer(answering).listen(0, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    async setTopic(isAvailable) {
      const response = await fetch(`${stack.issuer}/stack/topic`, {
        method: 'PUT',
        body: JSON.stringify({ isAvailable }),
      });
      if (!response.ok) throw new Error(`The stack does not switch SNS: ${await response.text()}`);
    },
    async pay(paymentMethod = twoChairs.paymentMethod) {
      const order = { ...twoChairs, paymentMethod, orderId: `gameday-${Date.now()}` };
      paymentIds.push((await api.payments.post<{ id: string }>('/payments', order)).created.id);
    },
    async follow(begin, { runbook = failure.alarm.name, code = 0, replace } = {}) {
      signal.throwIfAborted();
      const command = commandOf(runbook, begin);
      const filledIn = replace ? command.replace(...replace) : command;
      const printed = filledIn.startsWith('aws lambda invoke ')
        ? await invoked(cloud, filledIn)
        : await ended(filledIn, code);
      say('followed the runbook', filledIn);
      return printed;
    },
    async areSettled() {
      await delay(pollMs, undefined, { signal });
      const found = await Promise.all(
        paymentIds.map((id) => api.payments.find<{ status: string }>(`/payments/${id}`)),
      );
      return found.every((payment) => payment?.status !== 'processing');
    },
  };

  /** What was measured before `fromMs` does not count. */
  async function look(fromMs: number): Promise<AlarmState> {
    await failure.meanwhile?.(playing);
    sampled = [...sampled, ...(await samplesOf(cloud, alarm, failure.speed))];
    const measurements = [...(await measuredSince(stack, fromMs)), ...sampled];
    return stateOf(alarm, measurements, { fromMs, nowMs: Date.now(), speed: failure.speed });
  }
  async function alarmIs(isRight: (state: AlarmState) => boolean, fromMs: number, what: string) {
    for (const until = performance.now() + patienceMs; ; ) {
      const state = await look(fromMs);
      if (isRight(state)) return state;
      if (performance.now() > until) {
        throw new Error(`Not within ${patienceMs / 1_000} s: ${what}. ${shownOf(alarm, state)}.`);
      }
      await delay(pollMs, undefined, { signal });
    }
  }
  const isSilent = ({ isRinging, datapoints }: AlarmState) =>
    !isRinging && (alarm.TreatMissingData !== 'breaching' || datapoints.some((each) => each !== null));

  const before = await look(Date.now());
  if (!isSilent(before)) {
    throw new CommandError(
      `${alarm.AlarmName} rings before anything was made: ${shownOf(alarm, before)}. First follow ${runbookOf(failure.alarm.name)}.`,
    );
  }
  try {
    const madeAt = Date.now();
    say('failure', failure.makes);
    await failure.make(playing);
    const state = await alarmIs(({ isRinging }) => isRinging, madeAt, `${alarm.AlarmName} rings`);
    say('alarm', `${alarm.AlarmName} rings: ${shownOf(alarm, state)}${pace(alarm, failure.speed)}`);
    say('runbook', runbookOf(failure.alarm.name));
    await failure.mend(playing);
    const mendedAt = Date.now();
    await playing.pay();
    await Promise.all(paymentIds.map((id) => isWhole(api, id, signal)));
    await alarmIs(isSilent, mendedAt, `${alarm.AlarmName} is silent again`);
    say('whole again', `${paymentIds.length} payments are invoiced and recorded, and the alarm is silent`);
  } finally {
    await failure.undo(playing);
    for (const server of servers) {
      server.close();
      server.closeAllConnections();
    }
  }
}

/** The alarm's comparison, with the values that it was made with. */
function shownOf(alarm: Alarm, { datapoints }: AlarmState): string {
  const { Statistic, ExtendedStatistic, MetricName, ComparisonOperator, Threshold } = alarm;
  const values = datapoints.map((value) => (value === null ? 'nothing' : Math.round(value * 10) / 10));
  const compared = ComparisonOperator === 'LessThanThreshold' ? '<' : '>=';
  return `${Statistic ?? ExtendedStatistic} of ${MetricName} is ${values.join(', ')}; it rings at ${compared} ${Threshold}`;
}

function pace({ Period, EvaluationPeriods }: Alarm, speed: number): string {
  const minutes = (Period * EvaluationPeriods) / 60;
  const looked = `${EvaluationPeriods} × ${Period} s are looked at in AWS`;
  return speed === 1
    ? ` (${looked})`
    : ` (${looked}; here ${minutes} min pass in ${(minutes * 60) / speed} s)`;
}

async function measuredSince(stack: StackDescription, sinceMs: number): Promise<Measurement[]> {
  const response = await fetch(`${stack.issuer}/stack/measurements?sinceMs=${sinceMs}`);
  if (!response.ok) throw new Error(`The stack does not say what it measures: ${await response.text()}`);
  return (await response.json()) as Measurement[];
}

/** What SQS measures itself. An age passes as fast as the alarm's periods. */
async function samplesOf(cloud: Cloud, alarm: Alarm, speed: number): Promise<Measurement[]> {
  const { Namespace: namespace, MetricName: metric } = alarm;
  if (namespace !== 'AWS/SQS') return [];
  const dimensions = Object.fromEntries(alarm.Dimensions.map(({ Name, Value }) => [Name, Value]));
  const { QueueName = '' } = dimensions;
  const value = await (metric === 'ApproximateAgeOfOldestMessage' ? age() : depth());
  return [{ atMs: Date.now(), namespace, metric, dimensions, value }];

  async function age(): Promise<number> {
    const since = (await cloud.oldestIn([QueueName])).get(QueueName);
    return since === undefined ? 0 : ((Date.now() - Date.parse(since)) / 1_000) * speed;
  }
  async function depth(): Promise<number> {
    return (await depthOfQueue(cloud, QueueName, (await queueUrlOf(cloud, QueueName)) ?? '')).waiting;
  }
}

/** Runs a command of this tool as it is typed. */
async function ended(command: string, code: number): Promise<string> {
  const words = [...command.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare ?? '');
  const program = join(import.meta.dirname, '../../fanfold.ts');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [program, ...words.slice(1)], (error, stdout, stderr) => {
      const exitCode = error ? error.code : 0;
      if (exitCode === code) resolve(stdout);
      else reject(new Error(`\`${command}\` exits with ${exitCode}, not ${code}: ${stderr || stdout}`));
    });
  });
}

/** `aws lambda invoke`, where there is no `aws` to type it with. */
async function invoked(cloud: Cloud, command: string): Promise<string> {
  const [, name = ''] = /--function-name (\S+)/.exec(command) ?? [];
  const owner = ownerOfFunction(name, cloud);
  if (!owner) throw new Error(`\`${command}\` names no function of this stack.`);
  return JSON.stringify(await invoke(cloud, owner.service, owner.functionKey, {}));
}

async function variablesOf(cloud: Cloud, place: FunctionPlace): Promise<Record<string, string>> {
  const FunctionName = nameOfFunction(cloud.stage, place);
  const { Environment } = await cloud
    .lambdaOf(place.service)
    .send(new GetFunctionConfigurationCommand({ FunctionName }));
  return Environment?.Variables ?? {};
}

async function configure(
  cloud: Cloud,
  place: FunctionPlace,
  Variables: Record<string, string>,
): Promise<void> {
  const FunctionName = nameOfFunction(cloud.stage, place);
  await cloud
    .lambdaOf(place.service)
    .send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
}

type Found = { status: string; invoiceNumber: string | null };

/** @throws when a payment does not become whole in time: captured, with the number of its invoice, and recorded */
async function isWhole(
  { payments, audit }: Awaited<ReturnType<typeof connect>>,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  for (const until = performance.now() + patienceMs; ; ) {
    const payment = await payments.find<Found>(`/payments/${id}`);
    const hasNumber = payment?.status === 'captured' && payment.invoiceNumber !== null;
    if (hasNumber && (await audit.all<RecordedEvent>(`/events?subject=${id}`)).length > 0) return;
    if (performance.now() > until) {
      throw new Error(
        `Not within ${patienceMs / 1_000} s: payment ${id} is invoiced and recorded. It is ${JSON.stringify(payment)}.`,
      );
    }
    await delay(pollMs, undefined, { signal });
  }
}

import type { Event } from '@fanfold/contracts/event';
import { paymentsDayClosed } from '@fanfold/contracts/payments';
import { messageAttributesOf, sentAgain, textAttributes } from '@fanfold/runtime/messageAttributes';
import { aboutUnknownType, CommandError, requirePast, UsageError } from './arguments.ts';
import { type Cloud, cloudOf } from './cloud.ts';
import { table } from './flow.ts';
import { type Indexed, indexOf, textsOf } from './log.ts';
import { order, trailOf } from './operation.ts';
import {
  batchesOf,
  interruption,
  messageOf,
  type Outgoing,
  pace,
  progress,
  type Send,
  toQueue,
  toTopic,
} from './sending.ts';
import { subscribedQueue } from './subscriptions.ts';
import { print, printJson } from './terminal.ts';

type Options = {
  stage: string;
  from: string;
  to: string;
  type?: string;
  subject?: string;
  merchant?: string;
  toQueue?: string;
  after?: number;
  rate: number;
  dryRun?: true;
  json?: true;
};

/**
 * `fanfold replay`: sends recorded events again, as they were recorded and in the order of the log, to every service or
 * to one queue. Consumers know what they have done, so it changes nothing but what had been missing.
 *
 * @throws UsageError when the range is none in the past
 * @throws when there is nothing to send, or not all of it was sent; the message says how to go on
 */
export async function replay(options: Options): Promise<void> {
  const { stage, rate, dryRun, json } = options;
  await requireUsable(options);
  const signal = interruption();
  const cloud = await cloudOf(stage);
  const target = await targetOf(cloud, options.toQueue);
  const fitting = (await indexOf(cloud, filterOf(options))).filter(
    ({ type, position }) => target.isSubscribedTo(type) && position > (options.after ?? -1),
  );
  const events = fitting.filter(({ type }) => options.type !== undefined || !isLeftOut(type));
  const leftOut = fitting.length - events.length;
  const aboutLeftOut = `Left out: ${leftOut} of type ${paymentsDayClosed.type}, each of which makes billing and audit compare a whole day again. To send them, give --type ${paymentsDayClosed.type}.`;
  if (events.length === 0) {
    const unknown = aboutUnknownType(options.type);
    const lines = [
      `No recorded event fits the options${options.toQueue ? ` and has a type that ${target.name} subscribes to` : ''}. Check --from, --to and the rest: times are those of the events.`,
      ...unknown,
      ...(leftOut > 0 ? [aboutLeftOut] : []),
    ];
    throw unknown.length > 0 ? new UsageError(...lines) : new CommandError(...lines);
  }
  if (leftOut > 0 && !json) print(aboutLeftOut);
  const summary = summaryOf(events);
  if (dryRun) {
    if (json) printJson({ stage, dryRun: true, ...summary, leftOut });
    else print(...linesOf(summary), `Would be sent to ${target.name}: ${events.length}.`);
    return;
  }

  const operationId = await order(cloud, {
    command: 'replay',
    reason: null,
    filters: filtersOf(options),
    messages: events.map(({ id }) => ({ messageId: null, eventId: id })),
  });
  let sent = 0;
  let erased = 0;
  let last = options.after;
  let stopped: unknown;
  try {
    const turn = pace(rate, signal);
    const report = progress();
    for await (const texts of textsOf(cloud, events)) {
      const readable = texts.flatMap(({ position, text }) =>
        text === null ? [] : replayed(text, position, operationId),
      );
      erased += texts.length - readable.length;
      for (const batch of batchesOf(readable, rate)) {
        await turn(batch.length);
        await sendAll(target.send, batch);
        sent += batch.length;
        last = (batch.at(-1) as Replayed).position;
        report(`${sent} of ${events.length} sent, up to position ${last}`);
      }
    }
  } catch (error) {
    stopped = error;
  }
  if (json)
    printJson({
      stage,
      operationId,
      sent,
      total: events.length,
      erased,
      leftOut,
      lastPosition: last ?? null,
    });
  else print(`${sent} of ${events.length} sent to ${target.name}. ${trailOf(stage, operationId)}`);
  if (erased > 0 && !json) print(`${erased} were erased, and cannot be sent any more.`);
  if (stopped) {
    const goOn =
      last === undefined ? 'Run the same command again' : `Go on with the same command and --after ${last}`;
    throw new Error(`${messageOf(stopped)}. ${goOn}`);
  }
}

/**
 * Closings of days, unless their type is named: each has billing and audit read all that a merchant's day was about, and
 * those of a wide range would find again what was found when they were new.
 */
const isLeftOut = (type: string): boolean => type === paymentsDayClosed.type;

/** @throws UsageError when the range is none in the past: then with what is wrong with the queue, as far as it can be seen */
async function requireUsable(options: Options): Promise<void> {
  try {
    requirePast(options, new Date());
  } catch (error) {
    const { stage, toQueue } = options;
    if (toQueue === undefined) throw error;
    const lines = await cloudOf(stage)
      .then((cloud) => targetOf(cloud, toQueue))
      .then(
        () => [],
        (other) => (other instanceof UsageError ? other.lines : []),
      );
    throw new UsageError((error as UsageError).message, ...lines);
  }
}

type Target = { name: string; send: Send; isSubscribedTo: (type: string) => boolean };

async function targetOf(cloud: Cloud, queueName?: string): Promise<Target> {
  if (queueName === undefined) return { name: 'the topic', send: toTopic(cloud), isSubscribedTo: () => true };
  const { name, url, isSubscribedTo } = await subscribedQueue(cloud, queueName);
  return { name, send: toQueue(cloud, url), isSubscribedTo };
}

const filterOf = ({ from, to, type, subject, merchant }: Options) => ({
  from,
  to,
  ...(type && { type }),
  ...(subject && { subject }),
  ...(merchant && { merchantId: merchant }),
});

/** The options that events were chosen by, for the record. */
function filtersOf({ from, to, type, subject, merchant, toQueue, after }: Options): Record<string, string> {
  const given = { from, to, type, subject, merchant, 'to-queue': toQueue, after: after?.toString() };
  return Object.fromEntries(
    Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

type Replayed = Outgoing & { position: number };

/** The message as it was first sent, marked. */
function replayed(text: string, position: number, operationId: string): Replayed {
  const attributes = {
    ...messageAttributesOf(JSON.parse(text) as Event),
    ...textAttributes({ [sentAgain.replayed]: operationId }),
  };
  return { body: text, attributes, position };
}

/** How often what a batch call did not take is sent again, at once. */
const attempts = 3;

/** @throws when some of them are not taken again and again */
async function sendAll(send: Send, messages: Replayed[]): Promise<void> {
  let left = messages;
  for (let attempt = 1; ; attempt++) {
    const failed = await send(left);
    const [why] = failed.values();
    if (why === undefined) return;
    if (attempt === attempts) throw new Error(`${failed.size} messages are not taken: ${why}`);
    left = [...failed.keys()];
  }
}

/** What events are, before they are sent. */
type Summary = {
  total: number;
  types: Record<string, number>;
  first: Indexed;
  last: Indexed;
};

function summaryOf(events: Indexed[]): Summary {
  const types: Record<string, number> = {};
  for (const { type } of events) types[type] = (types[type] ?? 0) + 1;
  return { total: events.length, types, first: events[0] as Indexed, last: events.at(-1) as Indexed };
}

function linesOf({ types, first, last }: Summary): string[] {
  const counted = Object.entries(types).sort(([, a], [, b]) => b - a);
  return [
    ...table(counted.map(([type, count]) => [count.toLocaleString('en-US'), type])),
    `from ${first.id} at position ${first.position} to ${last.id} at position ${last.position}`,
  ];
}

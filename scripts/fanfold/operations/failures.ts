import type { RequestListener } from 'node:http';
import { json } from 'node:stream/consumers';
import { type Cloud, invoke, queueUrlOf } from '../aws/cloud.ts';
import { queueOf } from '../aws/places.ts';
import { toQueue } from '../aws/sending.ts';
import type { AlarmPlace } from './alarms.ts';
import { switchTriggers, type TriggerName, triggersOf } from './triggers.ts';

/** What making and mending a failure is done with. */
export type Play = {
  cloud: Cloud;
  /** Takes SNS away, or gives it back. */
  setTopic(isAvailable: boolean): Promise<void>;
  /** Makes a payment, which has to be whole in the end. */
  pay(paymentMethod?: string): Promise<void>;
  /**
   * Runs the command of the alarm's runbook, or of another one, that begins so.
   *
   * @param code what it has to exit with
   * @param replace a placeholder in it, and what it stands for
   * @returns what it prints
   */
  follow(
    begin: string,
    expected?: { runbook?: string; code?: number; replace?: [string, string] },
  ): Promise<string>;
  /** Whether all payments that were made have an outcome. */
  areSettled(): Promise<boolean>;
  /** Gives a function these environment variables besides its own. */
  setVariables(of: FunctionPlace, variables: Record<string, string>): Promise<void>;
  /** Gives all functions the variables again that they had. */
  restoreVariables(): Promise<void>;
  /**
   * Answers what functions call, until the failure is over.
   *
   * @returns the URL to call
   */
  serve(listener: (...call: Parameters<RequestListener>) => void | Promise<void>): Promise<string>;
  /** Of the emulators. */
  endpoint: string;
};

export type FunctionPlace = { service: string; functionKey: string };

/** Something that goes wrong, and what is done about it. */
export type Failure = {
  name: string;
  /** What is made, as a sentence. */
  makes: string;
  alarm: AlarmPlace;
  /** So many seconds of the alarm pass in one: nobody waits for a quarter of an hour. */
  speed: 1 | 60;
  make(play: Play): Promise<void>;
  /** What goes on besides, each time that the alarm is looked at. */
  meanwhile?(play: Play): Promise<void>;
  /** What the runbook says. */
  mend(play: Play): Promise<void>;
  /** Leaves nothing of the failure behind, whatever became of it. May find that nothing is left. */
  undo(play: Play): Promise<void>;
};

const billingConsumer = { service: 'billing', functionKey: 'consumer' };
const consumer: TriggerName = { functionKey: 'consumer', kind: 'queue' };
const janitor: TriggerName = { functionKey: 'janitor', kind: 'schedule' };

export const failures: Failure[] = [
  {
    name: 'sns-away',
    makes: 'SNS answers every call with 503.',
    alarm: { service: 'bus', name: 'publishing-failed' },
    speed: 1,
    async make(play) {
      await play.setTopic(false);
      await play.pay();
    },
    async mend(play) {
      // Only AWS can do that; the runbook says to wait.
      await play.setTopic(true);
      await play.follow('./fanfold findings');
    },
    undo: (play) => play.setTopic(true),
  },
  {
    name: 'poisoned-event',
    makes: "A message in billing's queue fits no schema.",
    alarm: { service: 'billing', name: 'dead-letters' },
    speed: 60,
    async make({ cloud }) {
      const queueUrl = await queueUrlOf(cloud, queueOf(cloud.stage, 'billing'));
      const body = JSON.stringify({ specversion: '1.0', type: 'payment.captured.v1' });
      const failed = await toQueue(cloud, queueUrl ?? '')([{ body, attributes: {} }]);
      if (failed.size > 0) throw new Error(`The message was not sent: ${[...failed.values()].join()}`);
    },
    async mend(play) {
      await play.follow('./fanfold dlq list', { code: 1 });
      const shown = await play.follow('./fanfold dlq show');
      const [id = ''] = /^[\w-]+$/m.exec(shown) ?? [];
      await play.follow('./fanfold dlq discard', { replace: ['<id>', id] });
      await play.follow('./fanfold dlq list');
    },
    // It stays a dead letter, which says so itself.
    undo: async () => {},
  },
  {
    name: 'consumer-stopped',
    makes: "The mapping of billing's queue is disabled.",
    alarm: { service: 'billing', name: 'queue-age' },
    speed: 60,
    async make(play) {
      await switchTriggers(play.cloud, { on: false, services: ['billing'], only: consumer });
      await play.pay();
    },
    mend: async (play) => void (await play.follow('./fanfold stage start')),
    undo: async ({ cloud }) =>
      void (await switchTriggers(cloud, { on: true, services: ['billing'], only: consumer })),
  },
  {
    name: 'provider-stuck',
    makes: 'The payment provider does not answer in time.',
    alarm: { service: 'payments', name: 'payments-unanswered', subject: 'fast' },
    speed: 60,
    make: (play) => play.pay('pm_card_timeout'),
    // The page of the alarm leads to that of the cause.
    async mend(play) {
      while (!(await play.areSettled()))
        await play.follow('aws lambda invoke', { runbook: 'outcomes-overdue' });
    },
    undo: async () => {},
  },
  {
    name: 'clock-disabled',
    makes: "The schedule of payments' janitor is disabled.",
    alarm: { service: 'payments', name: 'schedule-stopped', subject: 'janitor' },
    speed: 60,
    make: async ({ cloud }) =>
      void (await switchTriggers(cloud, { on: false, services: ['payments'], only: janitor })),
    // It runs each minute, of which one passes in a second.
    async meanwhile({ cloud }) {
      const triggers = await triggersOf(cloud, ['payments']);
      const isOn = triggers.some(
        ({ functionKey, kind, state }) =>
          functionKey === janitor.functionKey && kind === janitor.kind && state === 'on',
      );
      if (isOn) await invoke(cloud, 'payments', janitor.functionKey, {});
    },
    mend: async (play) => void (await play.follow('./fanfold stage start')),
    undo: async ({ cloud }) =>
      void (await switchTriggers(cloud, { on: true, services: ['payments'], only: janitor })),
  },
  {
    name: 'table-throttled',
    makes: "DynamoDB throttles each call of billing's consumer.",
    alarm: { service: 'bus', name: 'tables-throttled' },
    speed: 1,
    async make(play) {
      await play.setVariables(billingConsumer, {
        AWS_ENDPOINT_URL_DYNAMODB: await play.serve(throttling),
        EVENTS_QUEUE_URL: await hastenedQueue(play, 'billing'),
      });
      await play.pay();
    },
    async mend(play) {
      // DynamoDB grows by itself; the runbook says to wait.
      await play.restoreVariables();
      await play.follow('./fanfold dlq');
    },
    undo: (play) => play.restoreVariables(),
  },
  {
    name: 'consumer-throws',
    makes: "A variable that billing's consumer needs is not set: it throws.",
    alarm: { service: 'bus', name: 'messages-retried' },
    speed: 60,
    async make(play) {
      await play.setVariables(billingConsumer, {
        DOCUMENTS_BUCKET_NAME: '',
        EVENTS_QUEUE_URL: await hastenedQueue(play, 'billing'),
      });
      await play.pay();
    },
    async mend(play) {
      // What a deployment of the corrected service does.
      await play.restoreVariables();
      await play.follow('./fanfold dlq');
    },
    undo: (play) => play.restoreVariables(),
  },
];

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html */
const throttling: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(
    JSON.stringify({
      __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException',
      message: 'Throughput exceeds the current capacity of your table or index.',
    }),
  );
};

/**
 * The queue of a service, for its consumer, in which a minute passes in a second: a message that failed for the eighth time has
 * waited for five minutes at least. None waits for longer than two seconds, with which it is no dead letter for half a minute.
 *
 * @returns its URL
 */
async function hastenedQueue({ cloud, endpoint, serve }: Play, service: string): Promise<string> {
  const queue = queueOf(cloud.stage, service);
  const queueUrl = (await queueUrlOf(cloud, queue)) ?? '';
  const url = await serve(async (request, response) => {
    const input = (await json(request)) as { Entries?: { VisibilityTimeout?: number }[] };
    const Entries = input.Entries?.map((entry) => ({
      ...entry,
      VisibilityTimeout: Math.min(2, Math.round((entry.VisibilityTimeout ?? 0) / 60)),
    }));
    const answer = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': String(request.headers['content-type']),
        'x-amz-target': String(request.headers['x-amz-target']),
        authorization: String(request.headers.authorization),
      },
      body: JSON.stringify({ ...input, QueueUrl: queueUrl, ...(Entries && { Entries }) }),
    });
    response
      .writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' })
      .end(await answer.text());
  });
  return `${url}${new URL(queueUrl).pathname}`;
}

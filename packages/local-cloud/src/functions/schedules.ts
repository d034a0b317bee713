import { randomUUID } from 'node:crypto';
import { Cron } from 'croner';
import { accountId, region } from '../account.ts';
import type { Resource } from '../templates/template.ts';

export type SchedulesOptions = {
  /** The resources of one service, resolved. */
  resources: Record<string, Resource>;
  invoke: (functionName: string, event: unknown) => Promise<unknown>;
  /** Called with the error of a run. Unlike Lambda, nothing retries it. */
  onError: (error: Error) => void;
};

/** A rule that runs functions by time, which can be disabled and enabled as by EventBridge's DisableRule and EnableRule. */
export type Schedule = {
  readonly name: string;
  readonly expression: string;
  readonly enabled: boolean;
  enable(): void;
  disable(): void;
};

/**
 * Runs functions by the AWS::Events::Rules of a template that are enabled.
 *
 * @returns its rules, and a handle to stop all of them
 * @throws when EventBridge would refuse an expression
 */
export function startSchedules({ resources, invoke, onError }: SchedulesOptions): {
  all: Schedule[];
  stop(): void;
} {
  const all = Object.entries(resources)
    .filter(([, { Type }]) => Type === 'AWS::Events::Rule')
    .flatMap(([logicalId, { Properties }]) => {
      const { ScheduleExpression, Targets, Name = logicalId, State } = Properties as Rule;
      if (ScheduleExpression === undefined) return [];
      return startSchedule(Name, ScheduleExpression, State !== 'DISABLED', () => {
        for (const { Arn, Input } of Targets) {
          const event = Input === undefined ? scheduledEvent(Name) : JSON.parse(Input);
          invoke(Arn.split(':').at(-1) as string, event).catch(onError);
        }
      });
    });
  return { all, stop: () => all.forEach((schedule) => void schedule.disable()) };
}

type Rule = {
  ScheduleExpression?: string;
  Targets: { Arn: string; Input?: string }[];
  Name?: string;
  State?: string;
};

function startSchedule(name: string, expression: string, enabled: boolean, run: () => void): Schedule {
  let job = enabled ? every(expression, run) : undefined;
  return {
    name,
    expression,
    get enabled() {
      return job !== undefined;
    },
    enable() {
      job ??= every(expression, run);
    },
    disable() {
      job?.stop();
      job = undefined;
    },
  };
}

function every(expression: string, run: () => void): { stop(): void } {
  const ms = rateMs(expression);
  if (ms === undefined) {
    // `0/15`, which other cron parsers refuse.
    return new Cron(cronPattern(expression), { timezone: 'UTC', sloppyRanges: true }, run);
  }
  let timer: NodeJS.Timeout;
  const wait = (until: number) => {
    timer = setTimeout(
      () => {
        if (Date.now() < until) return wait(until);
        wait(until + ms);
        run();
      },
      Math.min(until - Date.now(), longestTimerMs),
    );
  };
  wait(Date.now() + ms);
  return { stop: () => clearTimeout(timer) };
}

/** With a longer delay, a timer of Node fires at once. */
const longestTimerMs = 2 ** 31 - 1;

const unitsMs = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * The time between runs of `rate(1 minute)` or `rate(5 minutes)`; undefined for what EventBridge does not accept as a
 * rate.
 */
function rateMs(expression: string): number | undefined {
  const [, one, several, units] =
    /^rate\((?:1 (minute|hour|day)|([2-9]|[1-9]\d+) (minute|hour|day)s)\)$/.exec(expression) ?? [];
  const [count, unit] = one ? [1, one] : [several, units];
  return unit === undefined ? undefined : Number(count) * unitsMs[unit as keyof typeof unitsMs];
}

/**
 * A pattern for croner, which begins with seconds and counts days of the week from 0. EventBridge begins with minutes
 * and counts from 1. https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
 *
 * @throws when the expression does not have six fields in `cron(…)`
 */
export function cronPattern(expression: string): string {
  const fields = /^cron\((.*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/) ?? [];
  if (fields.length !== 6) {
    throw new Error(
      `${expression} is no schedule: write rate(5 minutes) or cron(15 0 * * ? *), with six fields.`,
    );
  }
  const [minute, hour, dayOfMonth, month, dayOfWeek = '', year] = fields;
  const fromZero = dayOfWeek.replace(/(?<![#/\d])\d/g, (day) => String(Number(day) - 1));
  return ['0', minute, hour, dayOfMonth, month, fromZero, year].join(' ').replaceAll('?', '*');
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html */
const scheduledEvent = (rule: string) => ({
  version: '0',
  id: randomUUID(),
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: accountId,
  time: new Date().toISOString().replace(/\.\d+Z$/, 'Z'),
  region,
  resources: [`arn:aws:events:${region}:${accountId}:rule/${rule}`],
  detail: {},
});

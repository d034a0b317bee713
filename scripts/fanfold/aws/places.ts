import { bucketPrefix } from '../../../packages/topology/names.js';

/** Where dead letters of a service lie. */
export type Place = {
  /** Of the queue or bucket. */
  name: string;
  service: string;
  /** `events`: of its queue. `subscription`: what SNS could not deliver to it. `stream`: records not published. */
  kind: 'events' | 'subscription' | 'stream';
};

export const queueOf = (stage: string, service: string): string => `fanfold-${stage}-${service}-events`;

/** A stage in a region, and the other stages that there are. */
type Stage = { stage: string; stages: readonly string[]; region: string };

/**
 * The place that a queue or bucket of the account is, by its name; undefined for any other, and for one of another
 * stage: `fanfold-test-eu-billing-…` is billing's in the stage `test-eu`, if there is one, and not `eu-billing`'s in `test`.
 */
export const placeOf = (name: string, { stage, stages, region }: Stage): Place | undefined =>
  placeBehind(name, stagePrefix(stage), stages.map(stagePrefix), /-(events|subscription)-dead-letters$/) ??
  placeBehind(
    name,
    `${bucketPrefix(stage, region)}-`,
    stages.map((other) => `${bucketPrefix(other, region)}-`),
    /-(stream)-\d{12}$/,
  );

const stagePrefix = (stage: string) => `fanfold-${stage}-`;

/** The place whose name is a prefix, a service and an end that tells its kind, and has no longer prefix of another stage. */
function placeBehind(name: string, prefix: string, prefixes: string[], end: RegExp): Place | undefined {
  const isOfLonger = (other: string) => other.length > prefix.length && name.startsWith(other);
  if (!name.startsWith(prefix) || prefixes.some(isOfLonger)) return undefined;
  const [deadLetters, kind] = end.exec(name) ?? [];
  if (deadLetters === undefined) return undefined;
  const service = name.slice(prefix.length, -deadLetters.length);
  return service === '' ? undefined : { name, service, kind: kind as Place['kind'] };
}

/** The stage whose topic this is, by its ARN. */
export const stageOfTopic = (arn: string): string | undefined => /:fanfold-([^:]+)-events$/.exec(arn)?.[1];

/** A function of a stage, as serverless.yml names both. */
type Owner = { service: string; functionKey: string };

export const nameOfFunction = (stage: string, { service, functionKey }: Owner): string =>
  `fanfold-${service}-${stage}-${functionKey}`;

/** Whose function this is, by its name in Lambda; undefined for one of no service, or of another stage. */
export function ownerOfFunction(name: string, { stage, stages }: Omit<Stage, 'region'>): Owner | undefined {
  const [, scope = '', functionKey = ''] = /^fanfold-(.+)-(\w+)$/.exec(name) ?? [];
  const isOfLonger = (other: string) => other.length > stage.length && scope.endsWith(`-${other}`);
  if (!scope.endsWith(`-${stage}`) || stages.some(isOfLonger)) return undefined;
  return { service: scope.slice(0, -stage.length - 1), functionKey };
}

/** Whose schedule this is, by the name of its rule; undefined for any other rule, and for one of another stage. */
export function ownerOfSchedule(name: string, { stage, stages }: Omit<Stage, 'region'>): Owner | undefined {
  const isOfLonger = (other: string) => other.length > stage.length && name.startsWith(stagePrefix(other));
  if (!name.startsWith(stagePrefix(stage)) || stages.some(isOfLonger)) return undefined;
  const [, service, functionKey] = /^(.+)-(\w+)$/.exec(name.slice(stagePrefix(stage).length)) ?? [];
  return service && functionKey ? { service, functionKey } : undefined;
}

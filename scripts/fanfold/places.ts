/** Where dead letters of a service lie. */
export type Place = {
  /** Of the queue or bucket. */
  name: string;
  service: string;
  /** `events`: of its queue. `subscription`: what SNS could not deliver to it. `stream`: records not published. */
  kind: 'events' | 'subscription' | 'stream';
};

export const queueOf = (stage: string, service: string): string => `fanfold-${stage}-${service}-events`;

/**
 * The place that a queue or bucket of the account is, by its name; undefined for any other, and for one of another
 * stage: `fanfold-test-eu-billing-…` is billing's in the stage `test-eu`, if there is one, and not `eu-billing`'s in `test`.
 */
export function placeOf(name: string, stage: string, stages: readonly string[]): Place | undefined {
  const prefix = `fanfold-${stage}-`;
  if (!name.startsWith(prefix)) return undefined;
  const isOfLonger = (other: string) => other.startsWith(`${stage}-`) && name.startsWith(`fanfold-${other}-`);
  if (stages.some(isOfLonger)) return undefined;
  const [, service, deadLetters] =
    /^(.+?)-(events-dead-letters|subscription-dead-letters|stream-failures-\d{12})$/.exec(
      name.slice(prefix.length),
    ) ?? [];
  if (service === undefined || deadLetters === undefined) return undefined;
  const [kind] = deadLetters.split('-') as [Place['kind']];
  return { name, service, kind };
}

/** The stage whose topic this is, by its ARN. */
export const stageOfTopic = (arn: string): string | undefined => /:fanfold-([^:]+)-events$/.exec(arn)?.[1];

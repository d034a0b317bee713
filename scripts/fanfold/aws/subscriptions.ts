import { GetSubscriptionAttributesCommand, paginateListSubscriptionsByTopic } from '@aws-sdk/client-sns';
import { UsageError } from '../errors.ts';
import { type Cloud, queueUrlOf } from './cloud.ts';
import { queueOf } from './places.ts';

/** A queue of the topic. */
export type SubscribedQueue = { name: string; url: string; isSubscribedTo: (type: string) => boolean };

/**
 * The queue that a name means: a service's, or one by its own name, as long as it is subscribed to the topic.
 *
 * @throws UsageError when there is none such
 * @throws when its filter cannot be told
 */
export async function subscribedQueue(cloud: Cloud, name: string): Promise<SubscribedQueue> {
  const { sns, topicArn, stage } = cloud;
  const subscriptions = new Map<string, string>();
  const pages = paginateListSubscriptionsByTopic({ client: sns }, { TopicArn: topicArn });
  for await (const { Subscriptions = [] } of pages) {
    for (const { Protocol, Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
      if (Protocol === 'sqs')
        subscriptions.set(Endpoint.slice(Endpoint.lastIndexOf(':') + 1), SubscriptionArn);
    }
  }
  const queue = [name, queueOf(stage, name)].find((each) => subscriptions.has(each));
  if (queue === undefined) {
    throw new UsageError(
      `No queue ${name} is subscribed to the topic of ${stage}. A service's queue is subscribed when the service is deployed. There are:`,
      ...[...subscriptions.keys()].sort().map((each) => `  ${each}`),
    );
  }
  const { Attributes = {} } = await sns.send(
    new GetSubscriptionAttributesCommand({ SubscriptionArn: subscriptions.get(queue) }),
  );
  const isSubscribedTo = typeFilter(queue, Attributes.FilterPolicy, Attributes.FilterPolicyScope);
  const url = await queueUrlOf(cloud, queue);
  if (!url) throw new Error(`The queue ${queue} is subscribed, but does not exist. Deploy its service.`);
  return { name: queue, url, isSubscribedTo };
}

/**
 * Which types a subscription's filter lets through. Services filter by lists of types only (`subscriptions.js`).
 *
 * @throws when the filter is any other: what it lets through is not guessed
 */
export function typeFilter(queue: string, policy?: string, scope?: string): (type: string) => boolean {
  if (!policy) return () => true;
  const { type: types, ...others } = JSON.parse(policy) as Record<string, unknown>;
  const isList = Array.isArray(types) && types.every((type) => typeof type === 'string');
  if (isList && Object.keys(others).length === 0 && (scope ?? 'MessageAttributes') === 'MessageAttributes') {
    return (type) => types.includes(type);
  }
  throw new Error(
    `The subscription of ${queue} filters by more than a list of types (${policy}). Replay to the topic instead of this queue.`,
  );
}

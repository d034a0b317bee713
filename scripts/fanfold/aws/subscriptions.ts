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
  const subscriptions = await subscriptionsOf(cloud);
  const queue = [name, queueOf(cloud.stage, name)].find((each) => subscriptions.has(each));
  if (queue === undefined) {
    throw new UsageError(
      `No queue ${name} is subscribed to the topic of ${cloud.stage}. A service's queue is subscribed when the service is deployed. There are:`,
      ...[...subscriptions.keys()].sort().map((each) => `  ${each}`),
    );
  }
  const { policy, scope } = await filterOf(cloud, subscriptions.get(queue) as string);
  const isSubscribedTo = typeFilter(queue, policy, scope);
  const url = await queueUrlOf(cloud, queue);
  if (!url) throw new Error(`The queue ${queue} is subscribed, but does not exist. Deploy its service.`);
  return { name: queue, url, isSubscribedTo };
}

/** The ARNs of the subscriptions of queues to the topic, by the name of the queue. */
export async function subscriptionsOf({ sns, topicArn }: Cloud): Promise<Map<string, string>> {
  const subscriptions = new Map<string, string>();
  const pages = paginateListSubscriptionsByTopic({ client: sns }, { TopicArn: topicArn });
  for await (const { Subscriptions = [] } of pages) {
    for (const { Protocol, Endpoint = '', SubscriptionArn = '' } of Subscriptions) {
      if (Protocol === 'sqs')
        subscriptions.set(Endpoint.slice(Endpoint.lastIndexOf(':') + 1), SubscriptionArn);
    }
  }
  return subscriptions;
}

/** The filter of a subscription, as SNS has it. */
async function filterOf(
  { sns }: Cloud,
  SubscriptionArn: string,
): Promise<{ policy?: string; scope?: string }> {
  const { Attributes = {} } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  const { FilterPolicy: policy, FilterPolicyScope: scope } = Attributes;
  return { ...(policy !== undefined && { policy }), ...(scope !== undefined && { scope }) };
}

/** The types that a subscription lets through: a list, `all`, or `others` if its filter is no list of types. */
export async function typesOf(cloud: Cloud, subscriptionArn: string): Promise<string[] | 'all' | 'others'> {
  const { policy, scope } = await filterOf(cloud, subscriptionArn);
  return listedTypes(policy, scope);
}

function listedTypes(policy?: string, scope?: string): string[] | 'all' | 'others' {
  if (!policy) return 'all';
  const { type: types, ...others } = JSON.parse(policy) as Record<string, unknown>;
  const isList = Array.isArray(types) && types.every((type) => typeof type === 'string');
  const isAlone = Object.keys(others).length === 0 && (scope ?? 'MessageAttributes') === 'MessageAttributes';
  return isList && isAlone ? types : 'others';
}

/**
 * Which types a subscription's filter lets through. Services filter by lists of types only (`subscriptions.js`).
 *
 * @throws when the filter is any other: what it lets through is not guessed
 */
export function typeFilter(queue: string, policy?: string, scope?: string): (type: string) => boolean {
  const types = listedTypes(policy, scope);
  if (types === 'all') return () => true;
  if (types !== 'others') return (type) => types.includes(type);
  throw new Error(
    `The subscription of ${queue} filters by more than a list of types (${policy}). Replay to the topic instead of this queue.`,
  );
}

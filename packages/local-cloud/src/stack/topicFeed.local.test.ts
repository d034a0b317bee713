import {
  CreateTopicCommand,
  ListSubscriptionsByTopicCommand,
  PublishCommand,
  SNSClient,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { startEmulators } from '../emulators/emulators.ts';
import { followTopic, isFeed } from './topicFeed.ts';

test('a topic is followed, also by who begins while another ends, and what is left behind goes', async () => {
  const { endpoints, stop } = await startEmulators();
  onTestFinished(stop);
  const settings = clientConfiguration(endpoints.aws);
  const [sns, sqs] = [new SNSClient(settings), new SQSClient(settings)];
  const { TopicArn = '' } = await sns.send(new CreateTopicCommand({ Name: 'fanfold-local-events' }));
  // A process with this number has ended: none has one so large.
  await sqs.send(new CreateQueueCommand({ QueueName: 'fanfold-local-console-99999999-1' }));
  const queues = async () => (await sqs.send(new ListQueuesCommand({}))).QueueUrls ?? [];
  const begin = async () => {
    const end = new AbortController();
    const feed = followTopic(endpoints.aws, TopicArn, end.signal);
    await feed.next();
    return { feed, end };
  };

  const first = await begin();
  const waiting = first.feed.next();
  first.end.abort();
  const second = await begin();
  expect((await waiting).done).toBe(true);
  const [left = '', ...others] = (await queues()).map((url) => url.slice(url.lastIndexOf('/') + 1));
  expect(others).toEqual([]);
  expect(isFeed(left)).toBe(true);

  await sns.send(new PublishCommand({ TopicArn, Message: 'hello' }));
  expect(await second.feed.next()).toEqual({ done: false, value: ['hello'] });
  const last = second.feed.next();
  second.end.abort();
  await last;
  expect(await queues()).toEqual([]);
  expect((await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }))).Subscriptions).toEqual([]);
});

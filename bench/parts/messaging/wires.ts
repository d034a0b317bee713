import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { accountId, credentials, region } from '@fanfold/local-cloud/account';
import type { WayOptions } from './way.ts';

/** Clients for one endpoint, with a topic and its queue. */
export type Wires = { sns: SNSClient; sqs: SQSClient; topicArn: string; queueUrl: string; queueArn: string };

/** As anybody makes clients: they sign what they send. */
export const asUsual = (endpoint: string) => ({ endpoint, region, credentials });

/** A topic and a queue that is subscribed as Fanfold's templates do it: filtered by type, the event as it is. */
export async function layWires({ endpoint, name }: WayOptions): Promise<Wires> {
  const sns = new SNSClient(asUsual(endpoint));
  const sqs = new SQSClient(asUsual(endpoint));
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: name }));
  const Attributes = { VisibilityTimeout: '190' };
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes }));
  const queueArn = `arn:aws:sqs:${region}:${accountId}:${name}`;
  await sns.send(
    new SubscribeCommand({
      TopicArn,
      Protocol: 'sqs',
      Endpoint: queueArn,
      Attributes: {
        RawMessageDelivery: 'true',
        FilterPolicy: JSON.stringify({ type: ['payment.captured.v1'] }),
      },
    }),
  );
  return { sns, sqs, topicArn: TopicArn as string, queueUrl: QueueUrl as string, queueArn };
}

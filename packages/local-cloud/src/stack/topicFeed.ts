import { SNSClient, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  DeleteQueueCommand,
  paginateListQueues,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { clientConfiguration } from '../account.ts';

const prefix = 'fanfold-local-console-';

/** Whether a queue is subscribed only for as long as somebody looks at events. */
export const isFeed = (queueName: string): boolean => queueName.startsWith(prefix);

/** Of this process: one that ends takes its queue away, and not that of the next one. */
let feeds = 0;

/** What nobody fetches is forgotten after a minute: the least that SQS takes. */
const retentionSeconds = '60';

/**
 * The messages of the topic as they are published, by a queue that is subscribed until the signal is aborted or the
 * caller has enough.
 *
 * @param endpoint of SNS and SQS
 */
export async function* followTopic(
  endpoint: string,
  topicArn: string,
  signal: AbortSignal,
): AsyncGenerator<string[]> {
  const settings = clientConfiguration(endpoint);
  const sns = new SNSClient(settings);
  const sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  await deleteOrphans(sqs);
  feeds += 1;
  const QueueName = `${prefix}${process.pid}-${feeds}`;
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({
      QueueName,
      Attributes: { MessageRetentionPeriod: retentionSeconds },
    }),
  );
  let subscription: string | undefined;
  try {
    const queueArn = topicArn.replace(':sns:', ':sqs:').replace(/[^:]+$/, QueueName);
    const { SubscriptionArn } = await sns.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint: queueArn,
        Attributes: { RawMessageDelivery: 'true' },
        ReturnSubscriptionArn: true,
      }),
    );
    subscription = SubscriptionArn;
    // Nothing was published yet, and from now on nothing is missed.
    yield [];
    while (!signal.aborted) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 20 }),
        { abortSignal: signal },
      );
      if (Messages.length === 0) continue;
      yield Messages.map(({ Body = '' }) => Body);
      await sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl,
          Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
        }),
      );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    // The queue goes even while SNS is away: a subscription without its queue delivers nothing.
    if (subscription)
      await sns.send(new UnsubscribeCommand({ SubscriptionArn: subscription })).catch(() => {});
    await sqs.send(new DeleteQueueCommand({ QueueUrl })).catch(() => {});
    sns.destroy();
    sqs.destroy();
  }
}

/** A process that was killed left its queue. */
async function deleteOrphans(sqs: SQSClient): Promise<void> {
  for await (const { QueueUrls = [] } of paginateListQueues(
    { client: sqs, pageSize: 1000 },
    { QueueNamePrefix: prefix },
  )) {
    for (const QueueUrl of QueueUrls) {
      const [pid] = QueueUrl.slice(QueueUrl.lastIndexOf(prefix) + prefix.length).split('-');
      if (!runs(Number(pid))) await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    }
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

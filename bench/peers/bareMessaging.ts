import { PublishBatchCommand } from '@aws-sdk/client-sns';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
} from '@aws-sdk/client-sqs';
import { messageAttributesOf } from '@fanfold/runtime/messageAttributes';
import { type Captured, concurrency, type Way } from '../parts/messaging/way.ts';
import { layWires } from '../parts/messaging/wires.ts';

/** The SDK's calls in batches of ten, and `JSON.parse`. What goes wrong is not looked for. */
const bareLoop = (about: string, asked: Partial<ReceiveMessageCommandInput>): Way => ({
  about,

  async start(options) {
    const { sns, sqs, topicArn, queueUrl } = await layWires(options);
    const stopping = new AbortController();
    const loops = Array.from({ length: concurrency }, consume);
    return {
      async publish(events) {
        let next = 0;
        await Promise.all(
          Array.from({ length: concurrency }, async () => {
            while (next < events.length) {
              const batch = events.slice(next, next + 10);
              next += 10;
              await publishBatch(batch);
            }
          }),
        );
      },
      async stop() {
        stopping.abort();
        await Promise.all(loops);
      },
    };

    async function publishBatch(events: Captured[]): Promise<void> {
      await sns.send(
        new PublishBatchCommand({
          TopicArn: topicArn,
          PublishBatchRequestEntries: events.map((event, i) => ({
            Id: String(i),
            Message: JSON.stringify(event),
            MessageAttributes: messageAttributesOf(event),
          })),
        }),
      );
    }

    async function consume(): Promise<void> {
      while (!stopping.signal.aborted) {
        const messages = await receive();
        for (const { Body } of messages) options.handled(JSON.parse(Body ?? ''));
        if (messages.length === 0) continue;
        const Entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
        await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    }

    async function receive(): Promise<Message[]> {
      try {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: queueUrl,
            MaxNumberOfMessages: 10,
            WaitTimeSeconds: 20,
            ...asked,
          }),
          { abortSignal: stopping.signal },
        );
        return Messages;
      } catch (error) {
        if (stopping.signal.aborted) return [];
        throw error;
      }
    }
  },
});

/** The floor. */
export const bare = bareLoop('the bare SDK: PublishBatch, ReceiveMessage and DeleteMessageBatch by ten', {});

/** What a poller must ask for that hands over Lambda's records. */
export const bareWithAttributes = bareLoop("the same, asking for the attributes that Lambda's records have", {
  MessageAttributeNames: ['All'],
  MessageSystemAttributeNames: ['All'],
});

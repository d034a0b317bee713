import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { chunksOf } from '@fanfold/runtime/batch';
import { failuresOf } from './sending.ts';

/** How long a message stays out of sight when this process dies while it holds it. */
const visibilitySeconds = 30;
/** How many messages are held at once; a queue can have 120,000 in flight. */
const maxHeld = 10_000;

/**
 * Messages of a queue that are held: nobody else receives them until they are released. SQS has no other way to look at
 * messages. Each is received for half a minute and renewed for as long as it is held, so that one whose holder died comes
 * back soon.
 */
export class HeldMessages {
  readonly #sqs: SQSClient;
  readonly #queueUrl: string;
  /** By id: SQS may give a message twice, and what counts is the newer receipt. */
  readonly #held = new Map<string, Message>();
  readonly #renewal: NodeJS.Timeout;
  /** Whether the queue may have more than could be held at once. */
  hasMore = false;

  private constructor(sqs: SQSClient, queueUrl: string) {
    this.#sqs = sqs;
    this.#queueUrl = queueUrl;
    // A renewal that fails shows when the message is kept before it is moved.
    this.#renewal = setInterval(
      () => this.keep(this.messages).catch(() => undefined),
      (visibilitySeconds * 1000) / 3,
    ).unref();
  }

  /**
   * Holds all messages that can be received now, or until there are enough.
   *
   * @throws the signal's reason when it is aborted; nothing is held then
   */
  static async receive(
    sqs: SQSClient,
    queueUrl: string,
    { areEnough, signal }: { areEnough: (messages: Message[]) => boolean; signal: AbortSignal },
  ): Promise<HeldMessages> {
    const held = new HeldMessages(sqs, queueUrl);
    try {
      await held.#receiveAll(areEnough, signal);
      return held;
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  get messages(): Message[] {
    return [...this.#held.values()];
  }

  async #receiveAll(areEnough: (messages: Message[]) => boolean, signal: AbortSignal): Promise<void> {
    for (let waits = false; !areEnough(this.messages); ) {
      signal.throwIfAborted();
      if (this.#held.size >= maxHeld) {
        this.hasMore = true;
        return;
      }
      const { Messages = [] } = await this.#sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: this.#queueUrl,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: visibilitySeconds,
          WaitTimeSeconds: waits ? 1 : 0,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount'],
        }),
      );
      for (const message of Messages) this.#held.set(idOf(message), message);
      if (Messages.length > 0) continue;
      // Without waiting, SQS asks only some of its servers, and may find nothing although there is something.
      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html
      if (waits || (await this.#count('ApproximateNumberOfMessages')) === 0) return;
      waits = true;
    }
  }

  /** How many messages somebody else holds, as far as SQS knows. */
  async countHeldByOthers(): Promise<number> {
    const inFlight = await this.#count('ApproximateNumberOfMessagesNotVisible');
    return Math.max(0, inFlight - this.#held.size);
  }

  async #count(
    name: 'ApproximateNumberOfMessages' | 'ApproximateNumberOfMessagesNotVisible',
  ): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: this.#queueUrl, AttributeNames: [name] }),
    );
    return Number(Attributes[name] ?? 0);
  }

  /** Holds messages for longer, and gives those that still are held. What somebody else has by now is let go. */
  async keep(messages: Message[]): Promise<Message[]> {
    const lost = await this.#setVisibility(messages, visibilitySeconds);
    for (const message of lost.keys()) this.#held.delete(idOf(message));
    return messages.filter((message) => this.#held.get(idOf(message)) === message);
  }

  /** Deletes messages for good, and tells why each of those that could not be deleted was not. */
  async delete(messages: Message[]): Promise<Map<Message, string>> {
    const failed = await eachTen(messages, async (chunk) => {
      const answer = await this.#sqs.send(
        new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries: chunk.map(entryOf) }),
      );
      return failuresOf(chunk, answer);
    });
    for (const message of messages) if (!failed.has(message)) this.#held.delete(idOf(message));
    return failed;
  }

  /** Lets go of all that is held: it can be received again at once. */
  async release(): Promise<void> {
    clearInterval(this.#renewal);
    await this.#setVisibility(this.messages, 0);
    this.#held.clear();
  }

  #setVisibility(messages: Message[], seconds: number): Promise<Map<Message, string>> {
    return eachTen(messages, async (chunk) => {
      const Entries = chunk.map((message, i) => ({ ...entryOf(message, i), VisibilityTimeout: seconds }));
      const answer = await this.#sqs.send(
        new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries }),
      );
      return failuresOf(chunk, answer);
    });
  }
}

const idOf = ({ MessageId = '' }: Message): string => MessageId;

const entryOf = ({ ReceiptHandle }: Message, i: number) => ({ Id: String(i), ReceiptHandle });

/** Some at the same time: a thousand calls one after the other would take longer than messages are held. */
async function eachTen(
  messages: Message[],
  call: (chunk: Message[]) => Promise<Map<Message, string>>,
): Promise<Map<Message, string>> {
  const failed = new Map<Message, string>();
  const chunks = chunksOf(messages, () => 0);
  const work = async () => {
    for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
      for (const [message, why] of await call(chunk)) failed.set(message, why);
    }
  };
  await Promise.all(Array.from({ length: 8 }, work));
  return failed;
}

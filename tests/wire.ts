import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  SNSClient,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';

const region = 'eu-west-1';
const account = '000000000000';
const topicArn = `arn:aws:sns:${region}:${account}:fanfold-local-events`;

/** What lies between the services of a running stack: the topic and the queues, to observe and to interfere. */
export class Wire {
  readonly #sqs: SQSClient;
  readonly #sns: SNSClient;
  readonly #endpoint: string;

  /** @param endpoint of SNS and SQS */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
    const settings = { endpoint, region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
    this.#sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
    this.#sns = new SNSClient(settings);
  }

  /** A queue that gets all events from now on, as a fourth service would. */
  async subscribe(name: string): Promise<() => Promise<string[]>> {
    await this.#sqs.send(new CreateQueueCommand({ QueueName: name }));
    await this.#sns.send(
      new SubscribeCommand({
        TopicArn: topicArn,
        Protocol: 'sqs',
        Endpoint: queueArn(name),
        Attributes: { RawMessageDelivery: 'true' },
      }),
    );
    const received: string[] = [];
    return async () => {
      received.push(...(await this.drain(name)).map(({ Body = '' }) => Body));
      return received;
    };
  }

  /** Everything that is in a queue now, taken out of it. */
  async drain(name: string): Promise<Message[]> {
    const taken: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.#sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: this.#url(name),
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
        }),
      );
      if (Messages.length === 0) return taken;
      taken.push(...Messages);
      await this.#sqs.send(
        new DeleteMessageBatchCommand({
          QueueUrl: this.#url(name),
          Entries: Messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle })),
        }),
      );
    }
  }

  async send(name: string, body: string): Promise<void> {
    await this.#sqs.send(new SendMessageCommand({ QueueUrl: this.#url(name), MessageBody: body }));
  }

  /** How many messages a queue holds, in flight ones included. */
  async depth(name: string): Promise<number> {
    const { Attributes = {} } = await this.#sqs.send(
      new GetQueueAttributesCommand({
        QueueUrl: this.#url(name),
        AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
      }),
    );
    return Object.values(Attributes).reduce((sum, count) => sum + Number(count), 0);
  }

  /** Takes a queue's subscription away; the returned function puts it back as it was. */
  async disconnect(name: string): Promise<() => Promise<void>> {
    const { Subscriptions = [] } = await this.#sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }),
    );
    const SubscriptionArn = Subscriptions.find(
      ({ Endpoint }) => Endpoint === queueArn(name),
    )?.SubscriptionArn;
    if (!SubscriptionArn) throw new Error(`${name} has no subscription`);
    const { Attributes = {} } = await this.#sns.send(
      new GetSubscriptionAttributesCommand({ SubscriptionArn }),
    );
    await this.#sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    const settable = ['RawMessageDelivery', 'FilterPolicy', 'FilterPolicyScope', 'RedrivePolicy'];
    return async () => {
      await this.#sns.send(
        new SubscribeCommand({
          TopicArn: topicArn,
          Protocol: 'sqs',
          Endpoint: queueArn(name),
          Attributes: Object.fromEntries(
            Object.entries(Attributes).filter(([key]) => settable.includes(key)),
          ),
        }),
      );
    };
  }

  #url(name: string): string {
    return `${this.#endpoint}/${account}/${name}`;
  }
}

const queueArn = (name: string) => `arn:aws:sqs:${region}:${account}:${name}`;

export const queues = {
  payments: 'fanfold-local-payments-events',
  billing: 'fanfold-local-billing-events',
  audit: 'fanfold-local-audit-events',
} as const;

export const deadLettersOf = (queue: string): string => `${queue}-dead-letters`;

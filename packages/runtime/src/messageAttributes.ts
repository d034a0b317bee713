import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import type { Event } from '@fanfold/contracts/event';

/** Attributes of a message, in the form that SNS and SQS share. */
export type MessageAttributes = Record<string, MessageAttributeValue>;

/**
 * SQS takes no message with more, and SNS with raw delivery drops one that has more:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const maxMessageAttributes = 10;

/** The attributes that subscriptions filter by. */
export function messageAttributesOf({ type, source, subject, merchantid }: Event): MessageAttributes {
  return textAttributes({ type, source, subject, merchantid });
}

export const textAttributes = (values: Record<string, string>): MessageAttributes =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );

/** Attributes of messages that an operator has sent again. The value is the operation's id. */
export const sentAgain = { redriven: 'redriven', replayed: 'replay' } as const;

import type { MessageAttributeValue } from '@aws-sdk/client-sns';
import type { Event } from '@fanfold/contracts/event';

/** Attributes of a message, in the shape that SNS and SQS share. */
export type MessageAttributes = Record<string, MessageAttributeValue>;

/**
 * SQS takes no message with more, and SNS with raw delivery gives up one that has:
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
 */
export const maxMessageAttributes = 10;

/** What subscriptions filter by. */
export function messageAttributesOf({ type, source, subject, merchantid }: Event): MessageAttributes {
  return textAttributes({ type, source, subject, merchantid });
}

export const textAttributes = (values: Record<string, string>): MessageAttributes =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
  );

/** Names of the attributes that tell of a message sent again by an operator; the value is the operation's id. */
export const sentAgain = { redriven: 'redriven', replayed: 'replay' } as const;

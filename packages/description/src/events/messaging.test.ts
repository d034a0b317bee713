import { expect, test } from 'vitest';
import { messagingOf } from './messaging.ts';

const queue = 'arn:aws:sqs:eu-west-1:000000000000:fanfold-local-points-events';
const subscribed = {
  EventsSubscription: {
    Type: 'AWS::SNS::Subscription',
    Properties: {
      Protocol: 'sqs',
      TopicArn: 'arn:aws:sns:eu-west-1:000000000000:fanfold-local-events',
      Endpoint: queue,
      FilterPolicy: { type: ['payment.captured.v1'] },
      RedrivePolicy: { deadLetterTargetArn: `${queue}-undelivered` },
    },
  },
  EventsQueue: {
    Type: 'AWS::SQS::Queue',
    Properties: {
      QueueName: 'fanfold-local-points-events',
      VisibilityTimeout: 190,
      RedrivePolicy: { deadLetterTargetArn: `${queue}-dead-letters`, maxReceiveCount: 20 },
    },
  },
  EventsDeadLetterQueue: {
    Type: 'AWS::SQS::Queue',
    Properties: { QueueName: 'fanfold-local-points-events-dead-letters', MessageRetentionPeriod: 1_209_600 },
  },
};
const consumed = {
  Consumer: {
    Type: 'AWS::Lambda::Function',
    Properties: {
      FunctionName: 'fanfold-points-local-consumer',
      Description: 'Gives points',
      Handler: 'src/functions/consumer.handler',
    },
  },
  Mapping: {
    Type: 'AWS::Lambda::EventSourceMapping',
    Properties: {
      EventSourceArn: queue,
      FunctionName: 'arn:aws:lambda:eu-west-1:000000000000:function:fanfold-points-local-consumer',
    },
  },
};

test('A subscription has the function that reads its queue, and the queues, for any stage', () => {
  expect(messagingOf('points', { ...subscribed, ...consumed })).toEqual({
    service: 'points',
    topic: 'fanfold-{stage}-events',
    subscription: {
      consumer: {
        name: 'consumer',
        description: 'Gives points',
        handler: 'services/points/src/functions/consumer.handler',
      },
      types: ['payment.captured.v1'],
      queue: {
        name: 'fanfold-{stage}-points-events',
        retentionSeconds: 345_600,
        visibilityTimeoutSeconds: 190,
      },
      deadLetters: {
        name: 'fanfold-{stage}-points-events-dead-letters',
        retentionSeconds: 1_209_600,
        visibilityTimeoutSeconds: 30,
      },
      undelivered: 'fanfold-{stage}-points-events-undelivered',
      maxReceiveCount: 20,
    },
  });
});

test('A queue that no function reads is no subscription', () => {
  expect(() => messagingOf('points', subscribed)).toThrow(
    'No function of points reads the queue fanfold-{stage}-points-events, which is subscribed to the topic',
  );
});

test('A service without topic takes no part', () => {
  expect(messagingOf('bus', {})).toBeUndefined();
});

// What operators are told of the stage as a whole: what any service can meet. packages/topology/alarms.js makes alarms of it.
/** @type {import('../../packages/topology/alarms.js').Operations} */
export const operations = {
  objectives: [
    // Its alarms are each a consumer's; that a message is about to become one is told hours before.
    {
      name: 'dead-letters',
      promise: 'no message becomes a dead letter',
      pair: ['messages-retried', 'dead-letters'],
    },
  ],
  alarms: [
    {
      // What a queue refused is in the subscription's dead letters, or lost when those refuse it too.
      ...{ name: 'notifications-failed', namespace: 'AWS/SNS', metric: 'NumberOfNotificationsFailed' },
      dimensions: { TopicName: { 'Fn::GetAtt': ['EventsTopic', 'TopicName'] } },
      tells: 'SNS could not deliver an event to the queue of a service.',
    },
    {
      ...{ name: 'publishing-failed', metric: 'PublishFailed', period: 300, threshold: 5 },
      tells: 'A publisher cannot publish: SNS is away, or refuses.',
    },
    {
      ...{ name: 'messages-retried', metric: 'MessagesRetried' },
      // It comes again within an hour. With a shorter period it would wake each time.
      period: 3600,
      tells: 'A consumer has failed with a message eight times.',
    },
    {
      ...{ name: 'table-behind', metric: 'TableBehind' },
      tells: 'The table of a service was put back to an earlier time. The service writes nothing.',
    },
    {
      ...{ name: 'tables-throttled', metric: 'TablesThrottled', period: 300, threshold: 5 },
      tells: 'DynamoDB throttles calls for longer than they are repeated.',
    },
    {
      // Known keys are accepted for twelve hours more, but a starting function has none. One failure is not an outage.
      ...{
        name: 'token-issuer-unavailable',
        metric: 'TokenIssuerUnavailable',
        period: 300,
        periods: 3,
        datapoints: 2,
      },
      tells: "The token issuer's keys cannot be read: functions that start refuse all requests.",
    },
    {
      ...{ name: 'throttled', namespace: 'AWS/Lambda', metric: 'Throttles', period: 300, threshold: 10 },
      tells: 'Lambda throttles functions of the account in this region.',
    },
    {
      ...{ name: 'concurrency-near-limit', namespace: 'AWS/Lambda', metric: 'ClaimedAccountConcurrency' },
      ...{ statistic: 'Maximum', periods: 3, concurrencyShare: 0.8 },
      tells: 'The functions of the account use 80 % of the concurrency that they may in this region.',
    },
  ],
};

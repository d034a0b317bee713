// What operators are told of the stream. packages/topology/alarms.js makes an alarm of it.
/** @type {import('../../packages/topology/alarms.js').Operations} */
export const operations = {
  alarms: [
    {
      ...{ name: 'stream-throttled', namespace: 'AWS/Kinesis', metric: 'WriteProvisionedThroughputExceeded' },
      ...{ dimensions: { StreamName: { Ref: 'Stream' } }, periods: 5 },
      tells: 'The shards of the stream refuse events.',
    },
  ],
};

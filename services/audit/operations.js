// What operators are told of audit: what is promised, and what its schedules and metrics are for. packages/topology/alarms.js
// makes alarms of it.
/** @type {import('../../packages/topology/alarms.js').Operations} */
export const operations = {
  objectives: [
    {
      name: 'recorded-late',
      promise: '99 % of events are recorded within 60 s',
      ...{ metric: 'CriticalTime', withinMs: 60_000, percent: 99, kind: 'handling' },
    },
    {
      name: 'provable-late',
      promise: '99 % of checkpoints cover all that was recorded more than 2 minutes before',
      ...{ metric: 'CheckpointAge', withinMs: 120_000, percent: 99, kind: 'handling', isRun: true },
    },
    { name: 'events-missing', promise: 'no event of a closed day is missing', metric: 'EventsMissing' },
  ],
  schedules: {
    publishLog: { measuredBy: 'provable-late' },
    witness: { measuredBy: 'own-witness-late' },
    askWitnesses: { measuredBy: 'witness-lag' },
    checkEvents: { minutes: 30, tells: 'Recorded events are not compared with the log.' },
  },
  alarms: [
    {
      ...{ name: 'own-witness-late', metric: 'OwnWitnessAge', statistic: 'Maximum', threshold: 300_000 },
      ...{ period: 300, periods: 3, missing: 'breaching' },
      tells: "The log's own witness has not cosigned the checkpoint for 15 minutes.",
    },
    {
      ...{ name: 'witness-lag', metric: 'WitnessLag', statistic: 'Maximum', threshold: 300 },
      ...{ period: 300, periods: 3, missing: 'breaching', onlyWith: 'witnesses' },
      tells: 'Fewer than a quorum of the witnesses outside have cosigned lately, for 15 minutes.',
    },
    {
      ...{ name: 'witness-refused', metric: 'WitnessRefused', period: 300, onlyWith: 'witnesses' },
      tells: "A witness outside refuses the log's checkpoints.",
    },
    {
      ...{ name: 'signing-failed', metric: 'SigningFailed', period: 300, threshold: 3 },
      tells: 'KMS refuses to sign for the log or the witness.',
    },
    {
      ...{ name: 'log-misfit', metric: 'LogMisfit', period: 300 },
      tells:
        'Events, entries, files and checkpoint of the log do not fit together. It is not signed until they do.',
    },
    {
      ...{ name: 'number-twice', metric: 'NumberTwice', period: 300 },
      tells: 'Two documents of a merchant have the same number.',
    },
  ],
};

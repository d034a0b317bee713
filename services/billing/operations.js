// What operators are told of billing: what is promised, and what its schedules and metrics are for. packages/topology/alarms.js
// makes alarms of it.
/** @type {import('../../packages/topology/alarms.js').Operations} */
export const operations = {
  objectives: [
    {
      name: 'invoiced-late',
      promise: '99 % of captures and refunds have their document within 60 s of the event',
      ...{ metric: 'CriticalTime', withinMs: 60_000, percent: 99, kind: 'handling' },
    },
  ],
  schedules: {
    releaseParked: { minutes: 15, tells: 'Captures that waited for a seller get no invoice.' },
    markTable: { minutes: 15, tells: 'A table that is put back is compared with an old mark.' },
  },
  alarms: [
    {
      ...{
        name: 'waiting-for-seller',
        metric: 'WaitingForSeller',
        statistic: 'Maximum',
        period: 300,
        periods: 3,
      },
      tells: 'Captured payments have had no invoice for a quarter of an hour: their merchant has no seller.',
    },
    {
      ...{ name: 'refund-contradicts-invoice', metric: 'RefundContradictsInvoice', period: 300 },
      tells: 'A refund came before its capture and does not fit the invoice, so it has no credit note.',
    },
  ],
};

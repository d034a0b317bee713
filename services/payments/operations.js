// What operators are told of payments: what is promised, and what its schedules and metrics are for. packages/topology/alarms.js
// makes alarms of it.
/** @type {import('../../packages/topology/alarms.js').Operations} */
export const operations = {
  objectives: [
    {
      name: 'payments-unanswered',
      promise: '99.5 % of the requests to take a payment are answered within 2 s, and not with a 5xx',
      ...{ metric: 'AnswerTime', withinMs: 2000, percent: 99.5, kind: 'requests' },
    },
  ],
  schedules: {
    janitor: { minutes: 15, tells: 'Payments whose outcome at the provider is unknown stay in processing.' },
    expiry: { minutes: 30, tells: 'Authorizations older than seven days stay.' },
    // From the last run of a night to the first of the next it is eighteen and a half hours.
    dayClose: { minutes: 20 * 60, tells: 'The day before is not closed, and so not compared.' },
    markTable: { minutes: 15, tells: 'A table that is put back is compared with an old mark.' },
    // With Stripe.
    catchUp: { minutes: 3 * 60, tells: 'A notification of Stripe that was lost stays unknown.' },
    // From one run to the next it is a day, and a run may begin some minutes into the hour that is looked at.
    reconcile: { minutes: 26 * 60, tells: 'The day before was not compared with Stripe.' },
  },
  alarms: [
    {
      ...{ name: 'outcomes-overdue', metric: 'OutcomesOverdue' },
      // The janitor asks at least every half hour.
      period: 3600,
      tells: 'Outcomes at the provider have been unknown for a quarter of an hour.',
    },
    {
      ...{ name: 'provider-refused', metric: 'ProviderRefused', period: 300 },
      tells: 'The provider refuses calls for a reason that does not pass by itself, such as a wrong key.',
    },
    {
      ...{
        name: 'provider-differences',
        metric: 'ProviderDifferences',
        period: 300,
        measuredIn: 'reconcile',
      },
      tells:
        'Money moved at Stripe that the payments do not know of, or the other way round, or an appeal changed a dispute.',
    },
    {
      // Anybody can send what is no notification. So many in five minutes rather mean a secret that is wrong here.
      ...{
        name: 'webhooks-refused',
        metric: 'WebhooksRefused',
        period: 300,
        threshold: 20,
        measuredIn: 'stripeWebhook',
      },
      tells:
        'Notifications are refused: their signatures are by none of the webhook secrets of this stage, or not of now.',
    },
  ],
};

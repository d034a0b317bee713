/** The types of events that billing subscribes to. The filter of its subscription and its consumer both read this. */
export const subscribedTypes = /** @type {const} */ ([
  'payment.captured.v1',
  'payment.refunded.v1',
  'payment.refund-failed.v1',
  'payments.day-closed.v1',
]);

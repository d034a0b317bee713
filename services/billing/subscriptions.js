/** The events that billing hears, and all that it hears: the topic's filter and the consumer both read this. */
export const hears = /** @type {const} */ ([
  'payment.captured.v1',
  'payment.refunded.v1',
  'payments.day-closed.v1',
]);

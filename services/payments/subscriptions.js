/** The types of events that payments subscribes to. The filter of its subscription and its consumer both read this. */
export const subscribedTypes = /** @type {const} */ ([
  'invoice.issued.v1',
  'credit-note.issued.v1',
  'seller.changed.v1',
]);

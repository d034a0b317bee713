/** What can become of a delivery by a mapping, whatever the function makes of it, and of a client's request. */
export const deliveryFaultKinds = {
  queue: [
    /** Delivered once more after it succeeded: SQS may, and a delete may fail. */
    'delivered-twice',
    /** Two copies are delivered to two sandboxes at once. */
    'delivered-together',
    /** Its halves are delivered to two sandboxes at once, as two batches. */
    'delivered-apart',
    /** Lambda has no capacity, and gives the messages back. */
    'not-invoked',
  ],
  stream: ['delivered-twice', 'not-invoked'],
  request: [
    /** The answer does not reach the client, who asks again with the same key. */
    'response-lost',
    /** The client asks twice at once with the same key. */
    'asked-together',
    /** The gateway has no capacity. */
    'not-invoked',
  ],
} as const;

export type DeliveryFaultKind = (typeof deliveryFaultKinds)[keyof typeof deliveryFaultKinds][number];

/** Where a fault of a delivery or request is said to be: what is delivered to, and what it is. */
export const deliverySite = (functionName: string, source: 'queue' | 'stream' | 'request'): string =>
  `${functionName} ${source === 'request' ? 'request' : 'delivery'}`;

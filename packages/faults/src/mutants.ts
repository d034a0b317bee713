import type { Mutation } from './functions.ts';

/** A guard taken out of the code, to see whether the harness notices. `concerns`: what is likeliest to show it. */
export type Mutant = Mutation & { name: string; concerns: RegExp };

const payments = 'services/payments/src';
const billing = 'services/billing/src';
const audit = 'services/audit/src';
const runtime = 'packages/runtime/src';

/** Every guard that a promise hangs on, taken out one at a time: each has to be caught. */
export const mutants: Mutant[] = [
  {
    name: 'a payment is inserted over one that is there',
    concerns: /createPayment request unheard|asked-together/,
    file: `${payments}/store.ts`,
    find: "put(change, 'attribute_not_exists(pk)');",
    replace: "put(change, 'attribute_not_exists(pk) OR attribute_exists(pk)');",
  },
  {
    name: 'a payment is written whatever its version',
    concerns: /overtaken/,
    file: `${payments}/store.ts`,
    find: "'version = :version', {",
    replace: "'attribute_exists(pk) OR version = :version', {",
  },
  {
    name: "a payment's own write is not recognised",
    concerns: /PutItem payments answer-lost/,
    file: `${payments}/store.ts`,
    find: 'return error.Item.writeId?.S === item.writeId ? undefined : paymentOf(error.Item);',
    replace: 'return paymentOf(error.Item);',
  },
  {
    name: 'a number is noted again',
    concerns: /payments.consumer/,
    file: `${payments}/store.ts`,
    find: 'ConditionExpression: `',
    replace: 'ConditionExpression: `attribute_exists(pk) OR ',
  },
  {
    name: 'what a write said is not kept with it',
    concerns: /createPayment/,
    file: `${payments}/store.ts`,
    find: 'const item = itemOf(payment, said);',
    replace: 'const item = itemOf(payment, []);',
  },
  {
    name: 'a day is closed again',
    concerns: /dayClose/,
    file: `${payments}/store.ts`,
    find: "ConditionExpression: 'attribute_not_exists(pk)',",
    replace: '',
  },
  {
    name: 'an operation is begun again',
    concerns: /refundPayment request/,
    file: `${payments}/operation.ts`,
    find: 'begun = !(operation.id in current.requests);',
    replace: 'begun = true;',
  },
  {
    name: 'another request with the same key is let through',
    concerns: /createPayment/,
    file: `${payments}/operation.ts`,
    find: 'if (payment.requests[id]?.fingerprint !== fingerprint) refuseReusedKey();',
    replace: '',
  },
  {
    name: 'the intent is not settled by the janitor',
    concerns: /createPayment/,
    file: `${payments}/operation.ts`,
    find: 'const outcome = await resolve(ask.id);',
    replace: "const outcome = { result: 'unknown' } as const; void resolve;",
  },
  {
    name: 'an unknown outcome counts as failed',
    concerns: /sandbox (stalled|answer-lost)/,
    file: `${payments}/gateway.ts`,
    find: "return { result: 'unknown' };\n  } finally",
    replace: "return { result: 'nothing' };\n  } finally",
  },
  {
    name: 'pending refunds do not count',
    concerns: /refundPayment/,
    file: `${payments}/payment.ts`,
    find: "(status === 'failed' ? 0 : amount)",
    replace: "(status !== 'pending' ? 0 : amount)",
  },
  {
    name: 'the publisher does not look at Failed[]',
    concerns: /PublishBatch .*partial/,
    file: `${runtime}/publish.ts`,
    find: 'for (const notTaken of await publishBatch(chunk)) failed.add(notTaken);',
    replace: 'await publishBatch(chunk);',
  },
  {
    name: 'the publisher swallows an error',
    concerns: /PublishBatch .*refused/,
    file: `${runtime}/publish.ts`,
    find: 'for (const { record } of chunk) failed.add(record);',
    replace: '',
  },
  {
    name: 'a consumer answers that all went well',
    concerns: /consumer .*refused/,
    file: `${runtime}/consume.ts`,
    find: 'return { batchItemFailures: [...failed.keys()]',
    replace: 'return { batchItemFailures: [...failed.keys()].slice(0, 0)',
  },
  {
    name: 'a consumer does not look at rejections',
    concerns: /consumer .*refused/,
    file: `${runtime}/consume.ts`,
    find: "if (outcome?.status === 'fulfilled') {",
    replace: 'if (outcome) {',
  },
  {
    name: 'quarantine does not look at Failed[]',
    concerns: /SendMessageBatch .*partial/,
    file: `${runtime}/consume.ts`,
    find: 'for (const { Id } of Successful) {',
    replace: 'void Successful; for (const Id of chunk.keys()) {',
  },
  {
    name: 'what can never succeed is tried again',
    concerns: /consumer/,
    file: `${runtime}/consume.ts`,
    find: 'entry[1] instanceof Unprocessable,',
    replace: 'entry[1] instanceof Unprocessable && Date.now() < 0,',
  },
  {
    name: 'books are written over what others wrote',
    concerns: /TransactWriteItems billing overtaken/,
    file: `${billing}/store.ts`,
    find: "ConditionExpression: '#counter = :before',",
    replace: "ConditionExpression: '#counter = :before OR attribute_exists(pk)',",
  },
  {
    name: 'the first of the books is written over what others wrote',
    concerns: /TransactWriteItems billing overtaken/,
    file: `${billing}/store.ts`,
    find: "? { ConditionExpression: 'attribute_not_exists(pk)' }",
    replace: "? { ConditionExpression: 'attribute_not_exists(pk) OR attribute_exists(pk)' }",
  },
  {
    name: 'a race that was lost counts as won',
    concerns: /TransactWriteItems billing (overtaken|conflict)/,
    file: `${billing}/store.ts`,
    find: 'error.CancellationReasons?.some(isRace))\n      return false;',
    replace: 'error.CancellationReasons?.some(isRace))\n      return true;',
  },
  {
    name: 'a capture is invoiced again',
    concerns: /billing.consumer delivered/,
    file: `${billing}/books.ts`,
    find: 'if (account.invoice) {',
    replace: 'if (account.invoice && amountCaptured < 0) {',
  },
  {
    name: 'a refund is credited again',
    concerns: /billing.consumer delivered/,
    file: `${billing}/books.ts`,
    find: 'if (creditNotes.some((creditNote) => creditNote.refundId === refundId)) return;',
    replace: '',
  },
  {
    name: 'a refund before its capture is dropped',
    concerns: /billing.consumer reversed/,
    file: `${billing}/books.ts`,
    find: 'this.#change({ ...account, parked: [...parked, event] });',
    replace: '',
  },
  {
    name: 'parked refunds are not picked up',
    concerns: /billing.consumer reversed/,
    file: `${billing}/books.ts`,
    find: 'for (const refunded of fitting) this.#credit(refunded);',
    replace: '',
  },
  {
    name: 'a number is given to two documents of a batch',
    concerns: /billing.consumer/,
    file: `${billing}/books.ts`,
    find: 'this.#series.set(key, series);',
    replace: '',
  },
  {
    name: "the log's head moves from wherever it is",
    concerns: /TransactWriteItems audit overtaken/,
    file: `${audit}/store.ts`,
    find: "size === 0 ? 'attribute_not_exists(pk)' : '#size = :size'",
    replace:
      "size === 0 ? 'attribute_not_exists(pk) OR attribute_exists(pk)' : '#size = :size OR attribute_exists(pk)'",
  },
  {
    name: 'an event is recorded again',
    concerns: /audit.consumer delivered/,
    file: `${audit}/store.ts`,
    find: "    ConditionExpression: 'attribute_not_exists(pk)',\n    ReturnValuesOnConditionCheckFailure",
    replace: '    ReturnValuesOnConditionCheckFailure',
  },
  {
    name: 'the size of the log is believed after a lost answer',
    concerns: /TransactWriteItems audit answer-lost/,
    file: `${audit}/store.ts`,
    find: '  // Should the answer get lost, the size is not known.\n  knownSize = undefined;',
    replace: '  knownSize = size;',
  },
  {
    name: 'a batch that failed counts as recorded',
    concerns: /TransactWriteItems audit refused/,
    file: `${audit}/record.ts`,
    find: 'for (const entry of batch) failures.set(entry, error);',
    replace: 'void error;',
  },
];

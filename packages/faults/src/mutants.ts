import type { Mutation } from './functions.ts';

/** A guard taken out of the code, to see whether the harness notices. */
export type Mutant = Mutation & {
  name: string;
  /** What is likeliest to show it. */
  concerns: RegExp;
  /** The cell that shows it, when no single fault does. It is part of every sample. */
  shownBy?: string;
};

const payments = 'services/payments/src';
const billing = 'services/billing/src';
const audit = 'services/audit/src';
const runtime = 'packages/runtime/src';

/** Every guard that a promise hangs on, taken out one at a time: each has to be caught. */
export const mutants: Mutant[] = [
  {
    name: 'a payment is inserted over one that is there',
    concerns: /createPayment request response-lost|asked-together/,
    file: `${payments}/store/payments.ts`,
    find: "put(change, 'attribute_not_exists(pk)');",
    replace: "put(change, 'attribute_not_exists(pk) OR attribute_exists(pk)');",
  },
  {
    name: 'a payment is written whatever its version',
    concerns: /race-lost/,
    file: `${payments}/store/payments.ts`,
    find: "'version = :version', {",
    replace: "'attribute_exists(pk) OR version = :version', {",
  },
  {
    name: "a payment's own write is not recognised",
    concerns: /PutItem payments answer-lost/,
    file: `${payments}/store/payments.ts`,
    find: 'return error.Item.writeId?.S === item.writeId ? undefined : paymentOf(error.Item);',
    replace: 'return paymentOf(error.Item);',
  },
  {
    name: 'a number is noted again',
    concerns: /payments.consumer/,
    file: `${payments}/store/documentNumbers.ts`,
    find: '  ConditionExpression: `',
    replace: '  ConditionExpression: `attribute_exists(pk) OR ',
  },
  {
    name: "the numbers of a write's events are not stored with it",
    concerns: /createPayment/,
    file: `${payments}/store/payments.ts`,
    find: 'const item = itemOf(payment, eventNumbers);',
    replace: 'const item = itemOf(payment, []);',
  },
  {
    name: 'a write with events is marked as one without',
    concerns: /createPayment/,
    file: `${payments}/store/items.ts`,
    find: '...(eventNumbers.length === 0 && { saysNothing: true as const }),',
    replace: 'saysNothing: true as const,',
  },
  {
    name: 'a write that republishes is still marked as one without events',
    concerns: /republish/,
    file: `${payments}/store/republish.ts`,
    find: "'SET said = :said, saidAgainAt = :now REMOVE saysNothing',",
    replace: "'SET said = :said, saidAgainAt = :now',",
  },
  {
    name: 'a day is closed again',
    concerns: /dayClose PutItem payments killed|dayClose Query payments.ByDay race-lost/,
    file: `${payments}/store/days.ts`,
    find: "await putIf('attribute_not_exists(pk)', {",
    replace: "await putIf('attribute_not_exists(pk) OR attribute_exists(pk)', {",
  },
  {
    name: 'an operation is begun again',
    concerns: /refundPayment request/,
    file: `${payments}/operation.ts`,
    find: 'if (operation.id in current.requests) return { payment: current, eventNumbers: [] };',
    replace: '',
  },
  {
    name: 'another request with the same key is let through',
    concerns: /cancelPayment/,
    file: `${payments}/operation.ts`,
    find: 'if (!isRepeated(payment, id, fingerprint)) refuseReusedKey();',
    replace: '',
  },
  {
    name: 'the intent is not settled by the janitor',
    concerns: /createPayment/,
    file: `${payments}/operation.ts`,
    find: 'await findOut(instruction, isAbandoned(asked, run.now), run.now).then(',
    replace:
      "await Promise.resolve<Outcome>(findOut && instruction && isAbandoned(asked, run.now) && { result: 'unknown' }).then(",
  },
  {
    name: 'an unknown outcome counts as failed',
    concerns: /sandbox (stalled|answer-lost)/,
    file: `${payments}/providers/gateway.ts`,
    find: "return { result: 'unknown' };\n  }\n}",
    replace: "return { result: 'nothing' };\n  }\n}",
  },
  {
    name: 'pending refunds do not count',
    concerns: /refundPayment/,
    file: `${payments}/payment/refunds.ts`,
    find: "(status === 'failed' ? 0 : amount)",
    replace: "(status !== 'pending' ? 0 : amount)",
  },
  {
    name: 'the publisher does not look at what was not taken',
    concerns: /PublishBatch .*partial/,
    file: `${runtime}/streamEvents.ts`,
    find: 'for (const { record } of notTaken) failed.add(record);',
    replace: 'void notTaken;',
  },
  {
    name: 'a message that a batch call does not name counts as sent',
    concerns: /PublishBatch .*partial/,
    file: `${runtime}/batch.ts`,
    find: 'return confirmed.has(String(i)) && !failure ? []',
    replace: 'return !failure ? []',
  },
  {
    name: 'the publisher swallows an error',
    concerns: /PublishBatch .*refused/,
    file: `${runtime}/streamEvents.ts`,
    find: 'for (const { record } of chunk) failed.add(record);',
    replace: '',
  },
  {
    name: 'a consumer answers that all went well',
    concerns: /payments.consumer .*refused/,
    file: `${runtime}/consume.ts`,
    find: 'return { batchItemFailures: [...failed.keys()]',
    replace: 'return { batchItemFailures: [...failed.keys()].slice(0, 0)',
  },
  {
    name: 'a consumer does not look at rejections',
    concerns: /consumer .*refused/,
    file: `${runtime}/consume.ts`,
    find: "if (outcome?.status !== 'fulfilled') {",
    replace: 'if (!outcome) {',
  },
  {
    name: 'quarantine does not look at what was not taken',
    concerns: /SendMessageBatch .*partial/,
    file: `${runtime}/consume/quarantine.ts`,
    find: 'for (const { Id, MessageId } of Successful) {',
    replace: "void Successful; const MessageId = ''; for (const Id of chunk.keys()) {",
  },
  {
    name: 'what can never succeed is tried again',
    concerns: /SendMessageBatch/,
    file: `${runtime}/consume/quarantine.ts`,
    find: 'error instanceof Unprocessable\n      ? [{',
    replace: 'error instanceof Unprocessable && Date.now() < 0 ? [{',
  },
  {
    name: 'books are written over what others wrote',
    concerns: /billing.consumer/,
    // One of two consumers has read the books before the other one wrote them, and writes after that.
    shownBy:
      'crowd: billing.consumer delivery #1 delivered-apart (once) + billing.consumer TransactWriteItems billing #1 refused (once)',
    file: `${billing}/store/books.ts`,
    find: "ConditionExpression: '#counter = :before',",
    replace: "ConditionExpression: '#counter = :before OR attribute_exists(pk)',",
  },
  {
    name: 'the head of a series of numbers is written over what others wrote',
    // Each of two consumers has another payment of the same shop, and both have read the series before either wrote it.
    concerns: /billing.consumer delivery delivered-apart/,
    // What one of them has read is old when the other one has written: they compare the table's marks first, and need not be level.
    shownBy:
      'crowd: billing.consumer delivery #0 delivered-apart (once) + billing.consumer TransactWriteItems billing #1 refused (once)',
    file: `${billing}/store/books.ts`,
    find: "putIf(seriesItem(series), 'count', countBefore)",
    replace: '({ Put: { TableName: tableName(), Item: marshall(seriesItem(series)) } })',
  },
  {
    name: 'the first of the books is written over what others wrote',
    concerns: /TransactWriteItems billing late/,
    file: `${billing}/store/books.ts`,
    find: "? { ConditionExpression: 'attribute_not_exists(pk)' }",
    replace: "? { ConditionExpression: 'attribute_not_exists(pk) OR attribute_exists(pk)' }",
  },
  {
    name: 'a race that was lost counts as won',
    concerns: /TransactWriteItems billing (race-lost|conflict)/,
    file: `${billing}/store/books.ts`,
    find: 'return itemsIn(reasons);',
    replace: 'return undefined;',
  },
  {
    name: 'a transaction for which there is no capacity is tried again at once',
    concerns: /TransactWriteItems (billing|audit) conflict-throttled/,
    file: `${runtime}/failure.ts`,
    find: 'if (CancellationReasons.length === 0 || isSystemic(error)) throw error;',
    replace: 'if (CancellationReasons.length === 0) throw error;',
  },
  {
    name: 'a capture is invoiced again',
    concerns: /billing.consumer delivered/,
    file: `${billing}/books.ts`,
    find: 'if (account.invoice) {',
    replace: 'if (account.invoice && event.data.amountCaptured < 0) {',
  },
  {
    name: 'a refund is credited again',
    concerns: /billing.consumer delivered/,
    file: `${billing}/books.ts`,
    find: 'if (credited) {',
    replace: 'if (credited && refund.amount < 0) {',
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
    find: '      this.#applyParked(each);\n    }\n    this.#settled',
    replace: '    }\n    this.#settled',
  },
  {
    name: 'a capture whose merchant has no seller is dropped',
    concerns: /billing.releaseParked/,
    // Nothing waits in other stories.
    shownBy: 'late-seller: billing.releaseParked GetItem billing #0 refused (command)',
    file: `${billing}/books.ts`,
    find: 'this.#change({ ...account, parkedCapture: { event, missing, tried } });',
    replace: 'void tried;',
  },
  {
    name: 'a document is issued before its files are stored',
    concerns: /billing.consumer TransactWriteItems billing .*killed-after/,
    file: `${billing}/bill.ts`,
    find: '    await storeFiles(entries.files, storedKeys);\n    const newer = await commit(entries);\n',
    replace:
      '    const newer = await commit(entries);\n    if (!newer) await storeFiles(entries.files, storedKeys);\n',
  },
  {
    name: 'it is written which PDF a document has before that is stored',
    concerns: /billing.renderer PutItem billing .*killed-after/,
    file: `${billing}/files/render.ts`,
    find: "  await storeFile({ key: keyOfPdf(hash), bytes: pdf, contentType: 'application/pdf' });\n",
    replace: '',
    also: [
      {
        find: '    renderingOf(document, { sha256: hash, isCopy, renderedAt, trace: traceOf(event) }),\n  );\n',
        replace:
          "    renderingOf(document, { sha256: hash, isCopy, renderedAt, trace: traceOf(event) }),\n  );\n  await storeFile({ key: keyOfPdf(hash), bytes: pdf, contentType: 'application/pdf' });\n",
      },
    ],
  },
  {
    name: 'a number is given to two documents of a batch',
    concerns: /billing.consumer/,
    file: `${billing}/books.ts`,
    find: 'this.#series.set(key, series);',
    replace: '',
  },
  {
    name: "the log's head moves, and entries are put, wherever they are",
    concerns: /audit.consumer/,
    // One of two consumers has read the head before the other one moved it, and appends after that.
    shownBy:
      'refunds: audit.consumer delivery #1 delivered-apart (once) + audit.consumer TransactWriteItems audit #1 refused (once)',
    file: `${audit}/store/log.ts`,
    find: "edge.size === 0n ? 'attribute_not_exists(pk)' : '#size = :size'",
    replace:
      "edge.size === 0n ? 'attribute_not_exists(pk) OR attribute_exists(pk)' : '#size = :size OR attribute_exists(pk)'",
    also: [
      {
        find: "      Item: marshall(item),\n      ConditionExpression: 'attribute_not_exists(pk)',\n    },",
        replace: '      Item: marshall(item),\n    },',
      },
    ],
  },
  {
    name: 'an event is recorded again',
    concerns: /audit.consumer delivery delivered/,
    file: `${audit}/store/log.ts`,
    find: "    ConditionExpression: 'attribute_not_exists(pk)',\n    ReturnValuesOnConditionCheckFailure",
    replace: '    ReturnValuesOnConditionCheckFailure',
  },
  {
    name: 'an event is recorded without what lists find it by',
    concerns: /audit.consumer/,
    file: `${audit}/store/log.ts`,
    find: 'listed: encodeListings(items.map(listingOf)),',
    replace: 'listed: encodeListings(items.slice(1).map(listingOf)),',
  },
  {
    name: 'a data subject gets another key',
    concerns: /audit.consumer/,
    // One of two consumers has asked for the key before the other one made it, and for the head after that.
    shownBy:
      'refunds: audit.consumer delivery #0 delivered-apart (once) + audit.consumer GetItem audit #1 refused (once)',
    file: `${audit}/store/keys.ts`,
    find: "    ConditionExpression: 'attribute_not_exists(dataKey)',\n",
    replace: '',
  },
  {
    name: 'a file of the log is written again',
    concerns: /publishLog PutObject audit-log.tile (duplicated|late)/,
    file: `${audit}/store/files.ts`,
    find: 'await write(path, bytes, tileHeaders, { ifMissing: true })',
    replace: 'await write(path, bytes, tileHeaders, {} as never)',
  },
  {
    name: 'a checkpoint is written over any other',
    concerns: /publishLog PutObject audit-log.checkpoint (late|duplicated)/,
    file: `${audit}/store/files.ts`,
    find: 'replaced ? { ifMatch: replaced.etag } : { ifMissing: true }',
    replace: '{} as never',
  },
  {
    name: 'a cosignature is written over a later one',
    concerns: /askWitnesses UpdateItem audit late/,
    shownBy: 'log: audit.askWitnesses UpdateItem audit #0 late (command)',
    file: `${audit}/store/cosignatures.ts`,
    find: "'attribute_not_exists(collected) OR ",
    replace: "'attribute_not_exists(pk) OR attribute_exists(pk) OR ",
  },
  {
    name: 'a checkpoint with a quorum is written over a later one',
    concerns: /askWitnesses PutItem audit late/,
    shownBy: 'log: audit.askWitnesses PutItem audit #0 late (command)',
    file: `${audit}/store/cosignatures.ts`,
    find: "'attribute_not_exists(pk) OR #size",
    replace: "'attribute_not_exists(pk) OR attribute_exists(pk) OR #size",
  },
  {
    name: 'a witness that has cosigned more than is known of it is not asked again',
    concerns: /askWitnesses POST witness-outside answer-lost/,
    shownBy: 'log: audit.askWitnesses POST witness-outside #0 answer-lost (once)',
    file: `${audit}/cosign/askWitnesses.ts`,
    find: 'const second = await from(first.size);',
    replace: 'const second = first;',
  },
  {
    name: 'the checkpoint is written before the files',
    concerns: /publishLog PutObject audit-log.checkpoint killed/,
    file: `${audit}/publish/publishLog.ts`,
    find: '  await writeAll(files);\n',
    replace: '',
    also: [
      {
        find: '  const isNewest = await replaceCheckpoint(note, last.file);',
        replace: '  const isNewest = await replaceCheckpoint(note, last.file);\n  await writeAll(files);',
      },
    ],
  },
  {
    name: 'the checkpoint is signed before the files are written',
    concerns: /publishLog/,
    file: `${audit}/publish/publishLog.ts`,
    find: '  await writeAll(files);\n  const note = await signCheckpoint(size, root);',
    replace: '  const note = await signCheckpoint(size, root);\n  await writeAll(files);',
  },
  {
    name: 'the checkpoint is signed before its tree is compared',
    concerns: /publishLog/,
    file: `${audit}/publish/publishLog.ts`,
    find: '  requireSame(tree, rootOf(builder.edge()), expected);\n',
    replace: '',
    also: [
      {
        find: '  const note = await signCheckpoint(size, root);',
        replace:
          "  const note = await signCheckpoint(size, root);\n  requireSame('the head', rootOf(builder.edge()), rootOf(head));",
      },
    ],
  },
  {
    name: 'a number that another document has counts as new',
    concerns: /publishLog .* audit/,
    file: `${audit}/compare/checkNumbers.ts`,
    find: 'else twice.push(each);',
    replace: '',
  },
  {
    name: 'a run that others overtook finds numbers twice',
    concerns: /publishLog .* audit race-lost/,
    shownBy: 'log: audit.publishLog BatchGetItem audit #0 race-lost (once)',
    file: `${audit}/compare/checkNumbers.ts`,
    find: 'if (twice.length > 0 && (await loadCounted()).version !== counted.version) break;',
    replace: '',
  },
  {
    name: 'the table counts a number before the bucket has noted it',
    concerns: /publishLog .* audit/,
    file: `${audit}/compare/checkNumbers.ts`,
    find: '    const noted = await noteGiven(series, grown, now);\n',
    replace: '',
    also: [
      {
        find: '    if (!(await countOnce(noted, counted, next))) break;\n',
        replace:
          '    if (!(await countOnce(series, counted, next))) break;\n    await noteGiven(series, grown, now);\n',
      },
    ],
  },
  {
    name: 'a key is destroyed before its event is written',
    concerns: /eraseSubject TransactWriteItems .*(killed-after|answer-lost)/,
    file: `${audit}/store/erasures.ts`,
    find: 'const [isDestroyed, isWritten] = await alreadyDone([destroyed, written]);',
    replace:
      'const [isDestroyed] = await alreadyDone([destroyed]);\n  const [isWritten] = await alreadyDone([written]);',
  },
  {
    name: 'a batch that failed counts as recorded',
    concerns: /TransactWriteItems audit refused/,
    file: `${audit}/record/record.ts`,
    find: 'for (const each of batch) failures.set(each, error);',
    replace: 'void error;',
  },
  {
    name: 'what is late is missed at once, and for good',
    concerns: /day-close|reversed/,
    file: `${runtime}/finding.ts`,
    find: '< graceMs) return { isAlarming: false, again };\n  const isLast = now.getTime() - firstReceivedAt.getTime() >= comparedForMs;',
    replace: '< 0) return { isAlarming: false, again };\n  const isLast = true;',
  },
  {
    name: 'what is missing is missed again and again',
    concerns: /republish .*answer-lost/,
    file: `${runtime}/finding.ts`,
    find: 'if (isOpen && isDeepStrictEqual(known.difference, difference)) return { isAlarming: isLast, ...next };',
    replace: '',
  },
  {
    name: 'what is missing is not published',
    concerns: /republish/,
    file: `${runtime}/finding.ts`,
    find: 'return { noted: { finding, isNew: true }, isAlarming: true, ...next };',
    replace: 'return { isAlarming: true, ...next };',
  },
  {
    name: 'billing gives numbers although its table was put back',
    concerns: /billing put back/,
    shownBy: 'refunds: billing put back at #8 to #4',
    file: `${billing}/functions/consumer.ts`,
    find: '  tableGuard,\n);',
    replace: ');',
  },
  {
    name: 'payments takes requests although its table was put back',
    concerns: /payments put back/,
    shownBy: 'refunds: payments put back at #8 to #4',
    file: `${runtime}/http.ts`,
    find: 'await settings.guard?.();',
    replace: '',
  },
  {
    name: 'payments notes numbers although its table was put back',
    concerns: /payments put back/,
    shownBy: 'refunds: payments put back at #8 to #0',
    file: `${payments}/functions/consumer.ts`,
    find: '  tableGuard,\n);',
    replace: ');',
  },
  {
    name: 'audit records although its table was put back',
    concerns: /audit put back/,
    shownBy: 'refunds: audit put back at #8 to #4',
    file: `${audit}/functions/consumer.ts`,
    find: '  logGuard,\n);',
    replace: ');',
  },
  {
    name: 'series are not raised when a table was put back',
    concerns: /billing put back/,
    shownBy: 'refunds: billing put back at #8 to #4',
    file: `${billing}/store/restore.ts`,
    find: 'await Promise.all(floors.map(raiseSeries));',
    replace: '',
  },
  {
    name: 'marks are raised although the table was put back',
    concerns: /billing put back/,
    shownBy: 'crowd: billing put back at #8 to #4',
    file: `${runtime}/mark.ts`,
    find: '  if (lack) return lack;\n',
    replace: '',
  },
  {
    name: 'a payment is written without the reference to what Stripe made for it',
    concerns: /createPayment POST/,
    file: `${payments}/operation.ts`,
    find: 'const intent = reference === undefined ? payment : { ...payment, reference };',
    replace: 'const intent = payment;',
  },
  {
    name: 'a captured payment is captured again',
    concerns: /observePayment/,
    file: `${payments}/payment/observe.ts`,
    find: 'if (amountCaptured === 0 || !isAuthorized(payment)) return unchanged(payment);',
    replace: 'if (amountCaptured === 0) return unchanged(payment);',
  },
  {
    name: 'a payment that is over is canceled again',
    concerns: /observePayment/,
    file: `${payments}/payment/observe.ts`,
    find: 'if (!isAuthorized(payment)) return unchanged(payment);\n  const reason',
    replace: 'const reason',
  },
  {
    name: 'a refund that failed fails again',
    concerns: /observePayment/,
    file: `${payments}/payment/observe.ts`,
    find: "if (!refund || refund.status === 'failed') return unchanged(payment);",
    replace: 'if (!refund) return unchanged(payment);',
  },
  {
    name: 'a dispute is opened again',
    concerns: /observePayment/,
    file: `${payments}/payment/observe.ts`,
    find: 'if (Object.hasOwn(disputes, claim.id)) return unchanged(payment);',
    replace: '',
  },
  {
    name: 'a dispute that is closed is closed again',
    concerns: /observePayment/,
    file: `${payments}/payment/observe.ts`,
    find: "if (status === 'open' || known?.status !== 'open') return unchanged(payment);",
    replace: "if (status === 'open' || !known) return unchanged(payment);",
  },
  {
    name: 'a refund that fails after it succeeded still counts as refunded',
    concerns: /observePayment/,
    file: `${payments}/payment/refunds.ts`,
    find: 'payment.amountRefunded - (wasCounted ? refund.amount : 0)',
    replace: 'payment.amountRefunded',
  },
  {
    name: 'a payment is given up without being ended at Stripe',
    concerns: /createPayment POST .*confirm late/,
    file: `${payments}/providers/stripe/provider.ts`,
    find: 'if (!isOpen || !isCharge(instruction)) return outcome;',
    replace: 'if (isOpen || !isCharge(instruction)) return outcome;',
  },
  {
    name: 'a charge that its customer can try again counts as failed',
    concerns: /observePayment POST/,
    file: `${payments}/providers/provider.ts`,
    find: "outcome.result === 'failed' && outcome.isOpen === true",
    replace: "outcome.result === 'failed' && false",
  },
  {
    name: 'an error of Stripe counts as a refusal',
    concerns: /POST .*answered-500/,
    file: `${payments}/providers/stripe/provider.ts`,
    find: '[400, 401, 403, 404].includes(error.status)',
    replace: '[400, 401, 403, 404, 500].includes(error.status)',
  },
  {
    name: 'a refund that is sent again has another key',
    concerns: /refundPayment POST .*late/,
    file: `${payments}/providers/stripe/provider.ts`,
    find: "await post<StripeRefund>('/v1/refunds', { idempotencyKey: key, parameters })",
    replace: "await post<StripeRefund>('/v1/refunds', { idempotencyKey: key + Date.now(), parameters })",
  },
  {
    name: 'what came of a call is not looked at before it is sent again, a day later',
    concerns: /refundPayment POST .*killed-after/,
    file: `${payments}/providers/gateway.ts`,
    find: 'const outcome = await answerOf(key, async () => provider.look(instruction));',
    replace: "const outcome = { result: 'nothing' } as Outcome;",
    // Within a day the key alone prevents that it is done twice.
    also: [{ find: 'askedForMs < keysLastMs', replace: 'askedForMs > 0' }],
  },
  {
    name: 'a call is sent again with a key that Stripe has forgotten',
    concerns: /refundPayment POST/,
    // The refund was made, and the list of refunds does not show it yet when the janitor looks, a day later.
    shownBy:
      'stripe-outage: payments.refundPayment POST stripe/refunds #0 killed-after (once) + payments.janitor GET stripe/refunds #0 stale (once)',
    file: `${payments}/providers/gateway.ts`,
    find: 'const keysLastMs = 23 * 3_600_000;',
    replace: 'const keysLastMs = Number.POSITIVE_INFINITY;',
  },
  {
    name: 'news of Stripe that could not be acted on counts as read',
    concerns: /catchUp GET/,
    file: `${payments}/catchingUp.ts`,
    find: 'if (total.failed === 0 && !isTimeUp) {',
    replace: 'if (!isTimeUp) {',
  },
  {
    name: 'a credit note is reversed again',
    concerns: /billing.consumer delivered/,
    file: `${billing}/books.ts`,
    find: 'if (credited.reversal) {',
    replace: 'if (credited.reversal && refund.amount < 0) {',
  },
  {
    name: 'the failure of a refund does not wait for its success',
    concerns: /billing.consumer reversed/,
    file: `${billing}/books.ts`,
    find: 'if (!parked.some(({ data }) => data.refund.id === refund.id))\n      throw',
    replace:
      'if (!parked.some(({ data }) => data.refund.id === refund.id)) return;\n    if (refund.amount < 0)\n      throw',
  },
  {
    name: 'a reversal is written after the account that tells of it',
    concerns: /billing.consumer TransactWriteItems billing killed-after/,
    file: `${billing}/store/books.ts`,
    find: 'await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));',
    replace: `const together = writes.slice(0, writes.length - reversals.length);
    const after = writes.slice(together.length);
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: together }));
    if (after.length > 0) await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: after }));`,
  },
];

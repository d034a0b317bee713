// What the functions measure, in CloudWatch's embedded metric format: packages/runtime/src/metrics.ts measures it, alarms and the
// dashboard read it.

/**
 * What is measured, and what it tells. `of` is what a value belongs to: a service; the stage, for what any service can meet, so
 * that one alarm is enough; or a service and a currency. CloudWatch charges a metric for the hours in which it has values: those
 * that are `always` there cost $0.30 a month each, the others nothing while all is well.
 */
export const measured = /** @type {const} */ ({
  // How old an event is at each hop, from its own time.
  PublishTime: { unit: 'Milliseconds', of: 'service', always: true },
  CriticalTime: { unit: 'Milliseconds', of: 'service', always: true },
  CheckpointAge: { unit: 'Milliseconds', of: 'service', always: true },
  OwnWitnessAge: { unit: 'Milliseconds', of: 'service', always: true },
  AnswerTime: { unit: 'Milliseconds', of: 'service', always: true },
  Captured: { unit: 'None', of: 'currency', always: true },

  // What goes wrong for a reason that services share.
  EventsMissing: { unit: 'Count', of: 'stage', always: false },
  MessagesRetried: { unit: 'Count', of: 'stage', always: false },
  PublishFailed: { unit: 'Count', of: 'stage', always: false },
  TableBehind: { unit: 'Count', of: 'stage', always: false },
  TablesThrottled: { unit: 'Count', of: 'stage', always: false },
  TokenIssuerUnavailable: { unit: 'Count', of: 'stage', always: false },

  // What goes wrong in one service.
  ForeignPayments: { unit: 'Count', of: 'service', always: false },
  LogMisfit: { unit: 'Count', of: 'service', always: false },
  MessagesQuarantined: { unit: 'Count', of: 'service', always: false },
  NumberTwice: { unit: 'Count', of: 'service', always: false },
  OutcomesOverdue: { unit: 'Count', of: 'service', always: false },
  OutcomesUnknown: { unit: 'Count', of: 'service', always: false },
  ProviderDifferences: { unit: 'Count', of: 'service', always: false },
  ProviderRefused: { unit: 'Count', of: 'service', always: false },
  RefundContradictsInvoice: { unit: 'Count', of: 'service', always: false },
  SigningFailed: { unit: 'Count', of: 'service', always: false },
  WaitingForSeller: { unit: 'Count', of: 'service', always: false },
  WebhooksIgnored: { unit: 'Count', of: 'service', always: false },
  WebhooksRefused: { unit: 'Count', of: 'service', always: false },
  // Of witnesses outside, where a stage has some.
  WitnessLag: { unit: 'Seconds', of: 'service', always: false },
  WitnessRefused: { unit: 'Count', of: 'service', always: false },
});

/**
 * The namespace of a stage's metrics in CloudWatch: two stages of an account must not share any.
 *
 * @param {string} stage
 */
export const namespaceOf = (stage) => `Fanfold/${stage}`;

/** What stands as the service of what is measured of a stage. */
export const wholeStage = 'fanfold';

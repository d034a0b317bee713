import { setTimeout as delay } from 'node:timers/promises';
import { type ListQuery, nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import { notFound } from '@fanfold/runtime/refusal';
import {
  instructionOf,
  type Operation,
  type OperationResult,
  refuseFailed,
  repeatResult,
} from '../../services/payments/src/operation.ts';
import { eventOf } from '../../services/payments/src/payment/events.ts';
import { answerLate, cancel, isExpired, settle } from '../../services/payments/src/payment/lifecycle.ts';
import { lookupAt } from '../../services/payments/src/payment/lookup.ts';
import type { Change, Moment, Payment } from '../../services/payments/src/payment/payment.ts';
import { settleRefund } from '../../services/payments/src/payment/refunds.ts';
import type { Instruction, Outcome, Provider } from '../../services/payments/src/providers/provider.ts';
import { bill, type Numbers } from './billing.ts';
import type { Database, Rows } from './database.ts';
import { record } from './events.ts';

/** The payments of a database, whose money a provider moves. */
export type Payments = {
  /** Begins a payment, whose provider is then called. A payment that is there is only shown. */
  create(intent: Change, operation: Operation, moment: Moment): Promise<OperationResult>;
  /**
   * Begins an operation on a payment, for which the provider is then called. One that was begun before is only shown.
   *
   * @throws Refusal 404, also for another merchant's payment; what `begin` throws; 402 when the provider refuses
   */
  operate(
    of: { merchantId: string; id: string },
    operation: Operation,
    moment: Moment,
    begin: (payment: Payment) => Change,
  ): Promise<OperationResult>;
  load(merchantId: string, id: string): Promise<Payment | undefined>;
  /** A merchant's payments, newest first. */
  list(merchantId: string, query: ListQuery): Promise<Page<Payment>>;
  /** Finds out what came of calls that were not answered, and gives up authorizations that have expired. */
  doWhatIsDue(moment: Moment): Promise<void>;
};

export const paymentsIn = (database: Database, provider: Provider): Payments => {
  async function create(intent: Change, operation: Operation, moment: Moment): Promise<OperationResult> {
    const { merchantId, id } = intent.payment;
    const existing = await database.transaction(async (rows) => {
      const known = await locked(rows, merchantId, id);
      if (!known) await write(rows, intent, true);
      return known;
    });
    return existing
      ? repeatResult(existing, operation, moment.now)
      : ask(intent.payment, operation.id, moment);
  }

  const operate: Payments['operate'] = async ({ merchantId, id }, operation, moment, begin) => {
    const { payment, isNew } = await database.transaction(async (rows) => {
      const known = await locked(rows, merchantId, id);
      if (!known) throw notFound('payment');
      if (operation.id in known.requests) return { payment: known, isNew: false };
      const payment = await write(rows, begin(known));
      // A restored payment may have its answer already.
      return { payment, isNew: instructionOf(payment, operation.id) !== undefined };
    });
    return isNew ? ask(payment, operation.id, moment) : repeatResult(payment, operation, moment.now);
  };

  /** Calls the provider for an intent that is written, and writes what came of it. */
  async function ask(intent: Payment, id: string, moment: Moment): Promise<OperationResult> {
    const instruction = instructionOf(intent, id) as Instruction;
    const outcome = await answerOf(() => provider.perform(instruction));
    const payment = await change(intent, (current) => {
      const atWrite = { ...moment, now: new Date() };
      if (current.ask?.id === id) return settle(current, outcome, atWrite, true);
      if (id in current.refunds) return settleRefund(current, id, outcome, atWrite);
      return answerLate(current, id, outcome, atWrite.now);
    });
    refuseFailed(payment, id);
    return { payment, replayed: false };
  }

  async function doWhatIsDue(moment: Moment): Promise<void> {
    const due = await database.query<Stored>(
      'select content from payments where due_at <= $1 order by due_at limit 100',
      [moment.now.toISOString()],
    );
    for (const { content: payment } of due) {
      const { merchantId, id } = payment;
      if (isExpired(payment, moment.now)) {
        const expiry = { id: `expiry-${id}`, reason: 'expired', fingerprint: null };
        const canceled = await change(payment, (current) =>
          isExpired(current, moment.now) ? cancel(current, expiry, moment) : same(current),
        );
        if (canceled.ask?.id === expiry.id) await ask(canceled, expiry.id, moment);
        continue;
      }
      const refunds = Object.values(payment.refunds).filter(({ status }) => status === 'pending');
      for (const asked of [payment.ask, ...refunds]) {
        if (!asked || lookupAt(asked, payment) > moment.now.toISOString()) continue;
        const outcome = await findOut(instructionOf(payment, asked.id) as Instruction);
        await change({ merchantId, id }, (current) => {
          if (current.ask?.id === asked.id) return settle(current, outcome, moment, false);
          return asked.id in current.refunds
            ? settleRefund(current, asked.id, outcome, moment)
            : same(current);
        });
      }
    }
  }

  /** What the provider does not know never happens, if it was for a new payment; anything else is asked for again. */
  async function findOut(instruction: Instruction): Promise<Outcome> {
    const known = await answerOf(() => provider.look(instruction));
    if (known.result !== 'nothing') return known;
    const isNew = instruction.operation === 'charge' || instruction.operation === 'authorize';
    return answerOf(() => (isNew ? provider.close(instruction) : provider.perform(instruction)));
  }

  /** No answer in time says nothing about what happened. */
  const answerOf = (call: () => Promise<Outcome>): Promise<Outcome> =>
    Promise.race([
      call().catch((): Outcome => ({ result: 'unknown' })),
      delay(provider.answerTimeMs, { result: 'unknown' } as Outcome, { ref: false }),
    ]);

  const change = (
    { merchantId, id }: Pick<Payment, 'merchantId' | 'id'>,
    decide: (payment: Payment) => Change,
  ): Promise<Payment> =>
    database.transaction(async (rows) => {
      const current = (await locked(rows, merchantId, id)) as Payment;
      const changed = decide(current);
      return changed.payment === current ? current : write(rows, changed);
    });

  return {
    create,
    operate,
    doWhatIsDue,
    load: async (merchantId, id) => (await found(database, merchantId, id))?.content,
    async list(merchantId, { limit, startingAfter }) {
      const start = startingAfter && (await found(database, merchantId, startingAfter))?.content;
      if (startingAfter !== undefined && !start) throw nothingToStartAfter('a payment');
      const stored = await database.query<Stored>(
        `select content from payments
         where merchant_id = $1 and ($2::text is null or (created_at, id) < ($2, $3))
         order by created_at desc, id desc limit $4`,
        [merchantId, start ? start.createdAt : null, start ? start.id : null, limit + 1],
      );
      return {
        items: stored.slice(0, limit).map(({ content }) => content),
        hasMore: stored.length > limit,
      };
    },
  };
};

type Stored = { content: Payment };

const same = (payment: Payment): Change => ({ payment, eventNumbers: [] });

const found = async (rows: Rows, merchantId: string, id: string): Promise<Stored | undefined> =>
  (
    await rows.query<Stored>('select content from payments where merchant_id = $1 and id = $2', [
      merchantId,
      id,
    ])
  )[0];

/** Nobody else changes it until the end of the transaction. */
const locked = async (rows: Rows, merchantId: string, id: string): Promise<Payment | undefined> =>
  (
    await rows.query<Stored>('select content from payments where merchant_id = $1 and id = $2 for update', [
      merchantId,
      id,
    ])
  )[0]?.content;

/** Writes a change of a payment with its events and the documents that follow from them. */
async function write(
  rows: Rows,
  { payment: changed, eventNumbers }: Change,
  isNew = false,
): Promise<Payment> {
  const events = eventNumbers.map((n) => eventOf(changed, n));
  await record(rows, events);
  const payment = withNumbers(changed, await bill(rows, changed.merchantId, events));
  const { merchantId, id, createdAt } = payment;
  await rows.query(
    isNew
      ? 'insert into payments (merchant_id, id, created_at, due_at, content) values ($1, $2, $5, $3, $4)'
      : 'update payments set due_at = $3, content = $4 where merchant_id = $1 and id = $2 and created_at = $5',
    [merchantId, id, dueAtOf(payment), JSON.stringify(payment), createdAt],
  );
  return payment;
}

/** The payment with the numbers of its new documents. */
function withNumbers(payment: Payment, { invoice, creditNotes, reversals }: Numbers): Payment {
  const refunds = Object.entries(payment.refunds).map(([id, refund]) => [
    id,
    {
      ...refund,
      ...(creditNotes[id] && { creditNoteNumber: creditNotes[id] }),
      ...(reversals[id] && { reversalInvoiceNumber: reversals[id] }),
    },
  ]);
  return {
    ...payment,
    invoiceNumber: invoice ?? payment.invoiceNumber,
    refunds: Object.fromEntries(refunds),
  };
}

/** When an outcome is to be looked up, or an authorization expires. */
function dueAtOf(payment: Payment): string | null {
  const { ask, refunds, expiresAt } = payment;
  const pending = Object.values(refunds).filter(({ status }) => status === 'pending');
  const times = [...(ask ? [ask] : []), ...pending].map((asked) => lookupAt(asked, payment));
  return [...times, ...(expiresAt ? [expiresAt] : [])].sort()[0] ?? null;
}

import type Stripe from 'stripe';
import { type Answer, type Call, invalid, json, missing, type Parameters, Refused } from './answers.ts';
import { type Behaviour, behaviours } from './paymentMethods.ts';
import { signatureHeader } from './signature.ts';

/**
 * What can go wrong with a call. One that is `late` arrives when nobody waits for it any more. `saved-500` is answered again to the same
 * key for 24 hours, as Stripe does.
 */
export type Fault =
  | 'lost-before'
  | 'lost-after'
  | 'late'
  | 'saved-500-before'
  | 'saved-500-after'
  | 'answered-429';

export type Settings = {
  key?: string;
  webhookSecret?: string;
  /** In milliseconds: a clock of its own, so that a day passes at once. */
  now?: () => number;
  /** Where customers authenticate. */
  url?: string;
};

type Intent = Stripe.PaymentIntent & { latest_charge: string | null };
type Charge = Stripe.Charge & { payment_intent: string };
type Refund = Stripe.Refund & { payment_intent: string };
type Dispute = Stripe.Dispute & { payment_intent: string };
type Movement = Pick<
  Stripe.BalanceTransaction,
  'id' | 'amount' | 'created' | 'currency' | 'exchange_rate' | 'type'
> & {
  object: 'balance_transaction';
  source: string;
};
/** What was answered to an idempotency key, and when. */
type Saved = { fingerprint: string; answer: Answer; at: number };
type Later = { at: number; happens: () => void };

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/** After how long a call arrives that is late. */
const lateMs = 5 * 60_000;
/** What the account's balance is kept in. What is charged in another currency moves there converted. */
const settlement = { currency: 'usd', exchange_rate: 1.234 };
/** Of a payment that the customer did not begin: https://docs.stripe.com/payments/place-a-hold-on-a-payment-method */
const capturableMs = 4 * dayMs + 18 * hourMs;

/**
 * Stripe, as far as it is documented and used here, with its state: idempotency keys that are forgotten after a day, PaymentIntents,
 * refunds, disputes, balance transactions and events. Stripe's own `stripe-mock` keeps no state.
 */
export class StripeFake {
  readonly key: string;
  readonly webhookSecret: string;
  url: string;
  /** All that it was asked, in order. */
  readonly calls: { method: string; path: string; key: string | undefined }[] = [];
  /** In the order in which they happened. */
  readonly events: Stripe.Event[] = [];
  readonly intents = new Map<string, Intent>();
  readonly charges = new Map<string, Charge>();
  readonly refunds = new Map<string, Refund>();
  readonly disputes = new Map<string, Dispute>();
  readonly movements: Movement[] = [];
  /** What goes wrong with a call, if anything. */
  fault: (call: { method: string; path: string }) => Fault | undefined = () => undefined;
  onEvent: (event: Stripe.Event) => void = () => {};
  readonly #now: () => number;
  readonly #saved = new Map<string, Saved>();
  #later: Later[] = [];
  #ids = 0;

  constructor({
    key = 'sk_test_fake',
    webhookSecret = 'whsec_fake',
    now = () => Date.now(),
    url = 'http://127.0.0.1',
  }: Settings = {}) {
    this.key = key;
    this.webhookSecret = webhookSecret;
    this.#now = now;
    this.url = url;
  }

  /** @returns undefined when the connection breaks */
  answer(call: Call): Answer | undefined {
    this.passTime();
    const { method } = call;
    const { pathname } = new URL(call.path, 'http://stripe');
    const idempotencyKey = call.headers['idempotency-key'];
    this.calls.push({ method, path: pathname, key: idempotencyKey });
    const fault = this.fault({ method, path: pathname });
    if (fault === 'lost-before') return undefined;
    if (fault === 'answered-429') {
      return refusal(new Refused(429, 'invalid_request_error', { code: 'lock_timeout' }));
    }
    if (fault === 'late') {
      this.#then(lateMs, () => this.#once(call, idempotencyKey, undefined));
      return undefined;
    }
    const answer = this.#once(call, idempotencyKey, fault);
    return fault === 'lost-after' ? undefined : answer;
  }

  /** Lets happen what is due by now. */
  passTime(): void {
    for (;;) {
      const due = this.#later.filter(({ at }) => at <= this.#now()).sort((a, b) => a.at - b.at);
      if (due.length === 0) return;
      this.#later = this.#later.filter((later) => !due.includes(later));
      for (const { happens } of due) happens();
    }
  }

  /** An event as it is sent to a webhook endpoint, signed now. */
  notification(event: Stripe.Event): { body: string; signature: string } {
    const body = JSON.stringify(event);
    return { body, signature: signatureHeader(body, this.webhookSecret, new Date(this.#now())) };
  }

  /** The customer comes back from the bank's page. */
  authenticate(intentId: string, isSuccessful = true): void {
    const intent = this.#intent(intentId);
    if (intent.status !== 'requires_action') return;
    intent.next_action = null;
    if (isSuccessful) this.#charge(intent, {});
    else this.#decline(intent, { code: 'payment_intent_authentication_failure' });
  }

  /** The customer's page confirms a payment that failed once more, with its client secret and another card. */
  tryAgain(intentId: string): void {
    const intent = this.#intent(intentId);
    if (intent.status !== 'requires_payment_method' || !intent.last_payment_error) return;
    intent.last_payment_error = null;
    this.#charge(intent, {});
  }

  /** The customer's bank takes the money of a payment back. */
  dispute(intentId: string): void {
    const intent = this.#intent(intentId);
    const charge = this.#latestCharge(intent);
    const dispute = {
      id: this.#id('du'),
      object: 'dispute',
      amount: charge.amount_captured,
      currency: charge.currency,
      charge: charge.id,
      payment_intent: intent.id,
      created: this.#time(),
      evidence_details: { due_by: this.#time() + (7 * dayMs) / 1000 },
      reason: 'fraudulent',
      status: 'needs_response',
      metadata: {},
    } as unknown as Dispute;
    this.disputes.set(dispute.id, dispute);
    charge.disputed = true;
    this.#move('adjustment', -dispute.amount, dispute);
    this.#emit('charge.dispute.created', dispute);
    this.#emit('charge.dispute.funds_withdrawn', dispute);
  }

  /** @param caseType `resolution` refunds the customer before there is a dispute, and `block` refuses it. */
  closeDispute(id: string, status: 'won' | 'lost' | 'prevented', caseType = 'chargeback'): void {
    const dispute = found(this.disputes, id, 'dispute');
    dispute.status = status;
    Object.assign(dispute, { payment_method_details: { type: 'card', card: { case_type: caseType } } });
    if (status === 'won' || caseType === 'block') this.#move('adjustment', dispute.amount, dispute);
    this.#emit('charge.dispute.closed', dispute);
  }

  /** A refund's bank sends the money back. */
  failRefund(id: string): void {
    const refund = found(this.refunds, id, 'refund');
    const charge = this.#latestCharge(this.#intent(refund.payment_intent));
    refund.status = 'failed';
    refund.failure_reason = 'expired_or_canceled_card';
    charge.amount_refunded -= refund.amount;
    charge.refunded = false;
    this.#move('refund_failure', refund.amount, refund);
    this.#emit('refund.failed', refund);
  }

  #once(call: Call, key: string | undefined, fault: Fault | undefined): Answer {
    const fingerprint = JSON.stringify([call.method, call.path, call.body]);
    const saved = key === undefined ? undefined : this.#saved.get(key);
    if (saved && this.#now() - saved.at < dayMs) {
      if (saved.fingerprint !== fingerprint) return refusal(new Refused(400, 'idempotency_error', {}));
      const { status, headers, body } = saved.answer;
      return { status, body, headers: { ...headers, 'idempotent-replayed': 'true' } };
    }
    const broken = refusal(new Refused(500, 'api_error', { message: 'An unknown error occurred' }));
    const isBroken = fault === 'saved-500-before' || fault === 'saved-500-after';
    const done = fault === 'saved-500-before' ? broken : this.#carryOut(call);
    const answer = isBroken ? broken : done;
    // Not what was refused before it began. https://docs.stripe.com/api/idempotent_requests
    const isSaved = key !== undefined && ![400, 401, 404, 409, 429].includes(answer.status);
    if (isSaved) this.#saved.set(key, { fingerprint, answer, at: this.#now() });
    return answer;
  }

  #carryOut({ method, path, headers, body }: Call): Answer {
    const { pathname, searchParams } = new URL(path, 'http://stripe');
    try {
      if (headers.authorization !== `Bearer ${this.key}`) {
        throw new Refused(401, 'invalid_request_error', { message: 'Invalid API Key provided' });
      }
      if ((headers['idempotency-key'] ?? '').length > 255) throw invalid({ param: 'Idempotency-Key' });
      const [version, resource = '', id = '', verb] = pathname.split('/').slice(1);
      const route =
        routes[
          `${method} ${[version, resource, id && (id === 'search' ? id : ':id'), verb].filter(Boolean).join('/')}`
        ];
      if (!route) throw missing(`route: ${method} ${pathname}`);
      const parameters = parametersOf(method === 'GET' ? searchParams : new URLSearchParams(body));
      for (const name of parameters.keys()) {
        if (route.parameters.includes(name)) continue;
        const message = `Received unknown parameter: ${name}`;
        throw invalid({ code: 'parameter_unknown', param: name, message });
      }
      return json(200, route.run.call(this, decodeURIComponent(id), parameters));
    } catch (error) {
      if (error instanceof Refused) return refusal(error);
      throw error;
    }
  }

  createIntent(_id: string, parameters: Parameters): object {
    const amount = Number(parameters.get('amount'));
    const currency = parameters.get('currency') ?? '';
    if (!Number.isInteger(amount) || amount < 1)
      throw invalid({ code: 'parameter_invalid_integer', param: 'amount' });
    if (!/^[a-z]{3}$/.test(currency)) throw invalid({ param: 'currency', message: 'Invalid currency' });
    if (amount < 50 && ['eur', 'usd', 'gbp'].includes(currency))
      throw invalid({ code: 'amount_too_small', param: 'amount' });
    if (amount > 99_999_999) throw invalid({ code: 'amount_too_large', param: 'amount' });
    const intent = {
      id: this.#id('pi'),
      object: 'payment_intent',
      amount,
      amount_capturable: 0,
      amount_received: 0,
      cancellation_reason: null,
      capture_method: parameters.get('capture_method') ?? 'automatic_async',
      created: this.#time(),
      currency,
      last_payment_error: null,
      latest_charge: null,
      livemode: false,
      metadata: metadataOf(parameters),
      next_action: null,
      payment_method: null,
      status: 'requires_payment_method',
    } as unknown as Intent;
    this.intents.set(intent.id, intent);
    this.#emit('payment_intent.created', intent);
    return intent;
  }

  getIntent(id: string, parameters: Parameters): object {
    return this.#shown(this.#intent(id), parameters);
  }

  confirmIntent(id: string, parameters: Parameters): object {
    const intent = this.#intent(id);
    requireStatus(intent, 'requires_payment_method', 'requires_confirmation');
    const paymentMethod = parameters.get('payment_method') ?? '';
    const behaviour = behaviours[paymentMethod];
    if (!behaviour) {
      const message = `No such PaymentMethod: '${paymentMethod}'`;
      throw invalid({ code: 'resource_missing', param: 'payment_method', message });
    }
    if (!parameters.get('return_url'))
      throw invalid({ param: 'return_url', message: 'A return_url is needed' });
    intent.payment_method = paymentMethod;
    intent.last_payment_error = null;
    if (behaviour.declined) {
      this.#decline(intent, { code: 'card_declined', decline_code: behaviour.declined });
      const { last_payment_error } = intent;
      throw new Refused(402, 'card_error', { ...Object(last_payment_error), payment_intent: { ...intent } });
    }
    if (behaviour.authenticates) {
      intent.status = 'requires_action';
      const url = `${this.url}/authenticate/${id}`;
      const return_url = parameters.get('return_url');
      intent.next_action = { type: 'redirect_to_url', redirect_to_url: { url, return_url } };
      this.#emit('payment_intent.requires_action', intent);
    } else if (behaviour.takesTime) {
      intent.status = 'processing';
      this.#emit('payment_intent.processing', intent);
      this.#then(3 * dayMs, () => this.#charge(intent, behaviour));
    } else {
      this.#charge(intent, behaviour);
    }
    return this.#shown(intent, parameters);
  }

  captureIntent(id: string, parameters: Parameters): object {
    const intent = this.#intent(id);
    const charge = intent.latest_charge ? this.#latestCharge(intent) : undefined;
    if (intent.status === 'canceled' && charge) throw invalid({ code: 'charge_expired_for_capture' });
    requireStatus(intent, 'requires_capture');
    const amount = Number(parameters.get('amount_to_capture') ?? intent.amount_capturable);
    if (!(amount >= 1 && amount <= intent.amount_capturable)) {
      throw invalid({ code: 'amount_too_large', param: 'amount_to_capture' });
    }
    this.#capture(intent, charge as Charge, amount);
    return this.#shown(intent, parameters);
  }

  cancelIntent(id: string, parameters: Parameters): object {
    const intent = this.#intent(id);
    requireStatus(
      intent,
      'requires_payment_method',
      'requires_confirmation',
      'requires_action',
      'requires_capture',
    );
    this.#cancel(intent, parameters.get('cancellation_reason') ?? 'requested_by_customer');
    return this.#shown(intent, parameters);
  }

  searchIntents(_id: string, parameters: Parameters): object {
    const [, name = '', value] = /^metadata\["(\w+)"\]:"([^"]*)"$/.exec(parameters.get('query') ?? '') ?? [];
    if (!name) throw invalid({ param: 'query' });
    // The search lags behind.
    const data = [...this.intents.values()].filter(
      ({ metadata, created }) => metadata[name] === value && created * 1000 <= this.#now() - 60_000,
    );
    return { object: 'search_result', data, has_more: false };
  }

  createRefund(_id: string, parameters: Parameters): object {
    const intent = this.#intent(parameters.get('payment_intent') ?? '');
    const charge = intent.latest_charge ? this.#latestCharge(intent) : undefined;
    if (intent.status !== 'succeeded' || !charge)
      throw invalid({ message: 'It has no successful charge to refund' });
    if (charge.refunded) throw invalid({ code: 'charge_already_refunded' });
    const openDispute = [...this.disputes.values()].some(
      ({ payment_intent, status }) => payment_intent === intent.id && status !== 'won',
    );
    if (openDispute) throw invalid({ code: 'charge_disputed' });
    const left = charge.amount_captured - charge.amount_refunded;
    const amount = Number(parameters.get('amount') ?? left);
    if (!(amount >= 1 && amount <= left))
      throw invalid({ param: 'amount', message: `At most ${left} can be refunded` });
    const behaviour = behaviours[String(intent.payment_method)] ?? {};
    const refund = {
      id: this.#id('re'),
      object: 'refund',
      amount,
      charge: charge.id,
      created: this.#time(),
      currency: intent.currency,
      metadata: metadataOf(parameters),
      payment_intent: intent.id,
      status: behaviour.refunds === 'late' ? 'pending' : 'succeeded',
    } as unknown as Refund;
    this.refunds.set(refund.id, refund);
    charge.amount_refunded += amount;
    charge.refunded = charge.amount_refunded === charge.amount_captured;
    this.#move('refund', -amount, refund);
    this.#emit('refund.created', refund);
    if (behaviour.refunds === 'late') {
      this.#then(dayMs, () => {
        refund.status = 'succeeded';
        this.#emit('refund.updated', refund);
      });
    }
    if (behaviour.refunds === 'fail') this.#then(dayMs, () => this.failRefund(refund.id));
    return refund;
  }

  listRefunds(_id: string, parameters: Parameters): object {
    return listed(ofIntent(this.refunds.values(), parameters), parameters);
  }

  listDisputes(_id: string, parameters: Parameters): object {
    return listed(ofIntent(this.disputes.values(), parameters), parameters);
  }

  listEvents(_id: string, parameters: Parameters): object {
    const types = parameters.getAll('types[]');
    const kept = this.events.filter(
      ({ type, created }) =>
        (types.length === 0 || types.includes(type)) && created * 1000 > this.#now() - 30 * dayMs,
    );
    return listed(kept, parameters);
  }

  listMovements(_id: string, parameters: Parameters): object {
    const page = listed(this.movements, parameters);
    if (!parameters.getAll('expand[]').includes('data.source')) return page;
    const sources = [this.charges, this.refunds, this.disputes];
    const data = (page.data as Movement[]).map((movement) => ({
      ...movement,
      source: sources.map((each) => each.get(movement.source)).find(Boolean) ?? null,
    }));
    return { ...page, data };
  }

  #charge(intent: Intent, behaviour: Behaviour): void {
    const charge = {
      id: this.#id('ch'),
      object: 'charge',
      amount: intent.amount,
      amount_captured: 0,
      amount_refunded: 0,
      captured: false,
      created: this.#time(),
      currency: intent.currency,
      disputed: false,
      metadata: intent.metadata,
      payment_intent: intent.id,
      payment_method_details: { type: 'card', card: {} },
      refunded: false,
      status: 'succeeded',
    } as unknown as Charge;
    this.charges.set(charge.id, charge);
    intent.latest_charge = charge.id;
    if (intent.capture_method !== 'manual') {
      this.#capture(intent, charge, intent.amount);
      if (behaviour.disputed) this.#then(hourMs, () => this.dispute(intent.id));
      return;
    }
    intent.status = 'requires_capture';
    intent.amount_capturable = intent.amount;
    const captureBefore = this.#time() + capturableMs / 1000;
    Object.assign(charge.payment_method_details?.card ?? {}, { capture_before: captureBefore });
    this.#emit('payment_intent.amount_capturable_updated', intent);
    this.#then(capturableMs, () => {
      if (intent.status !== 'requires_capture') return;
      this.#emit('charge.expired', charge);
      this.#cancel(intent, 'automatic');
    });
  }

  #capture(intent: Intent, charge: Charge, amount: number): void {
    intent.status = 'succeeded';
    intent.amount_received = amount;
    intent.amount_capturable = 0;
    charge.captured = true;
    charge.amount_captured = amount;
    this.#move('charge', amount, charge);
    this.#emit('payment_intent.succeeded', intent);
  }

  #decline(intent: Intent, error: object): void {
    intent.status = 'requires_payment_method';
    intent.last_payment_error = error as Stripe.PaymentIntent.LastPaymentError;
    this.#emit('payment_intent.payment_failed', intent);
  }

  #cancel(intent: Intent, reason: string): void {
    intent.status = 'canceled';
    intent.amount_capturable = 0;
    intent.next_action = null;
    intent.cancellation_reason = reason as Intent['cancellation_reason'];
    this.#emit('payment_intent.canceled', intent);
  }

  #move(type: string, amount: number, { id, currency }: { id: string; currency: string }): void {
    const isConverted = currency !== settlement.currency;
    const movement = {
      object: 'balance_transaction',
      amount: isConverted ? Math.round(amount * settlement.exchange_rate) : amount,
      created: this.#time(),
      currency: settlement.currency,
      exchange_rate: isConverted ? settlement.exchange_rate : null,
      type,
      source: id,
    };
    this.movements.push({ id: this.#id('txn'), ...movement } as Movement);
  }

  #emit(type: string, object: object): void {
    const data = { object: structuredClone(object) };
    const event = {
      id: this.#id('evt'),
      object: 'event',
      created: this.#time(),
      livemode: false,
      type,
      data,
    };
    this.events.push(event as unknown as Stripe.Event);
    this.onEvent(event as unknown as Stripe.Event);
  }

  #shown(intent: Intent, parameters: Parameters): object {
    const isExpanded = parameters.getAll('expand[]').includes('latest_charge') && intent.latest_charge;
    return isExpanded ? { ...intent, latest_charge: this.#latestCharge(intent) } : intent;
  }

  #then(afterMs: number, happens: () => void): void {
    this.#later.push({ at: this.#now() + afterMs, happens });
  }

  #intent = (id: string): Intent => found(this.intents, id, 'payment_intent');
  #latestCharge = ({ latest_charge }: Intent): Charge => found(this.charges, String(latest_charge), 'charge');
  #time = (): number => Math.floor(this.#now() / 1000);
  #id(prefix: string): string {
    this.#ids += 1;
    return `${prefix}_fake${String(this.#ids).padStart(6, '0')}`;
  }
}

type Route = {
  run: (this: StripeFake, id: string, parameters: Parameters) => object;
  parameters: string[];
};

const metadata = ['metadata[fanfold_payment]', 'metadata[fanfold_merchant]', 'metadata[fanfold_operation]'];
const pages = ['limit', 'starting_after'];
const { prototype: fake } = StripeFake;

/** Other parameters are refused, as Stripe does: one that is misspelt would be without effect. */
const routes: Record<string, Route> = {
  'POST v1/payment_intents': {
    run: fake.createIntent,
    parameters: ['amount', 'currency', 'capture_method', 'automatic_payment_methods[enabled]', ...metadata],
  },
  'GET v1/payment_intents/:id': { run: fake.getIntent, parameters: ['expand[]'] },
  'GET v1/payment_intents/search': { run: fake.searchIntents, parameters: ['query'] },
  'POST v1/payment_intents/:id/confirm': {
    run: fake.confirmIntent,
    parameters: ['payment_method', 'return_url', 'expand[]'],
  },
  'POST v1/payment_intents/:id/capture': { run: fake.captureIntent, parameters: ['amount_to_capture'] },
  'POST v1/payment_intents/:id/cancel': { run: fake.cancelIntent, parameters: ['cancellation_reason'] },
  'POST v1/refunds': { run: fake.createRefund, parameters: ['payment_intent', 'amount', ...metadata] },
  'GET v1/refunds': { run: fake.listRefunds, parameters: ['payment_intent', ...pages] },
  'GET v1/disputes': { run: fake.listDisputes, parameters: ['payment_intent', ...pages] },
  'GET v1/events': {
    run: fake.listEvents,
    parameters: ['types[]', 'created[gte]', 'created[lte]', ...pages],
  },
  'GET v1/balance_transactions': {
    run: fake.listMovements,
    parameters: ['created[gte]', 'created[lt]', 'expand[]', ...pages],
  },
};

/** Places in lists may be numbered. */
const parametersOf = (sent: Parameters): Parameters =>
  new URLSearchParams(
    [...sent].map(([name, value]) => [name.replace(/\[\d+\]$/, '[]'), value] as [string, string]),
  );

const refusal = ({ status, error }: Refused): Answer => json(status, { error });

function requireStatus(intent: Intent, ...statuses: Intent['status'][]): void {
  if (statuses.includes(intent.status)) return;
  const message = `This PaymentIntent could not be changed because it has a status of ${intent.status}.`;
  throw invalid({ code: 'payment_intent_unexpected_state', message, payment_intent: { ...intent } });
}

const metadataOf = (parameters: Parameters): Record<string, string> =>
  Object.fromEntries(
    [...parameters].flatMap(([name, value]) => {
      const [, key] = /^metadata\[(\w+)\]$/.exec(name) ?? [];
      return key ? [[key, value]] : [];
    }),
  );

const ofIntent = <Item extends { payment_intent: string }>(items: Iterable<Item>, parameters: Parameters) =>
  [...items].filter(({ payment_intent }) => payment_intent === parameters.get('payment_intent'));

/** Newest first. */
function listed<Item extends { id: string; created: number }>(items: Item[], parameters: Parameters) {
  const from = Number(parameters.get('created[gte]') ?? 0);
  const before = Number(parameters.get('created[lt]') ?? Number.POSITIVE_INFINITY);
  const until = Number(parameters.get('created[lte]') ?? Number.POSITIVE_INFINITY);
  const all = items
    .filter(({ created }) => created >= from && created < before && created <= until)
    .reverse();
  const after = parameters.get('starting_after');
  const start = after === null ? 0 : all.findIndex(({ id }) => id === after) + 1;
  const limit = Number(parameters.get('limit') ?? 10);
  const data = all.slice(start, start + limit);
  return { object: 'list', data, has_more: start + limit < all.length };
}

function found<Item>(items: Map<string, Item>, id: string, what: string): Item {
  const item = items.get(id);
  if (!item) throw missing(`${what}: '${id}'`);
  return item;
}

import http, {
  type ClientRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Fault as StripeFault } from '@fanfold/stripe-fake/stripeFake';
import { type Answer, type Call, callOf, errorAnswer, inputOf, partOf, writtenBy } from './calls.ts';
import type { EmulatorClient } from './emulatorClient.ts';
import { Exchange } from './exchange.ts';
import { type Fate, type Fault, isWrite, nothingBreaks, type Place } from './faults.ts';

/** One run of a function, and what the network may do to it. */
export type Invocation = {
  functionName: string;
  isAlive(): boolean;
  kill(): void;
  repeat(): Promise<unknown>;
};

/** The way from functions to the emulators, which can break at any call. */
export class Network {
  /** What happened, in order: each attempt with its place and what became of it. */
  trace: string[] = [];
  /** The places of this run, in order. */
  places: Place[] = [];
  /** Faults that struck in this run. */
  struck: Fault[] = [];
  /** Transactions that a run of a function sent after it had been told that there is no capacity for the one before. */
  retriedWithoutCapacity: string[] = [];

  #fate = nothingBreaks;
  readonly #counts = new Map<string, number>();
  readonly #writes = new Map<string, number>();
  readonly #commands = new Map<string, { place: Place; attempts: number }>();
  readonly #invocations = new Map<string, Invocation>();
  /** Calls under way, which the clock waits for: neither held back nor abandoned ones. */
  readonly #active = new Set<string>();
  readonly #outOfCapacity = new WeakSet<Invocation>();
  #late: { target: string; commandId: string; send: () => Promise<unknown> }[] = [];
  #waiting: (() => void)[] = [];
  #nextId = 0;
  readonly #emulators: EmulatorClient;
  readonly #now: () => number;
  readonly #onDone: (call: Call, answer: Answer) => void;
  #isOverHttp = false;
  readonly #open = new Set<{ destroy(): unknown }>();
  readonly #server = http.createServer((request, response) => {
    this.#answerOverHttp(request, response).catch((error: Error) => response.destroy(error));
  });

  /**
   * @param now the time as functions have it, in milliseconds since 1970
   * @param onDone is told of everything that an emulator was asked and answered, whether or not the answer reaches a function
   */
  constructor(
    emulators: EmulatorClient,
    now: () => number,
    onDone: (call: Call, answer: Answer) => void = () => {},
  ) {
    this.#emulators = emulators;
    this.#now = now;
    this.#onDone = onDone;
  }

  /** Ends whatever still waits for an answer that will never come. */
  hangUp(): void {
    for (const open of this.#open) open.destroy();
  }

  isQuiet = (): boolean => this.#active.size === 0;

  quiet = (): Promise<void> => new Promise((resolve) => this.#waiting.push(resolve));

  /** How often something was written or sent to a table, topic or queue: nothing is to be read where nothing was. */
  writesTo = (target: string): number => this.#writes.get(target) ?? 0;

  /**
   * Begins a run: counts from 0.
   *
   * @param isOverHttp whether calls are written and read by Node's HTTP client and server, which takes a third longer; what it
   *   shows is that this is the same
   */
  begin(fate: Fate, isOverHttp = false): void {
    this.trace = [];
    this.places = [];
    this.struck = [];
    this.retriedWithoutCapacity = [];
    this.#counts.clear();
    this.#commands.clear();
    this.#fate = fate;
    this.#isOverHttp = isOverHttp;
  }

  /** From now on nothing breaks any more. What was on its way arrives. */
  async heal(): Promise<void> {
    this.#fate = nothingBreaks;
    for (const { send } of this.#late.splice(0)) await send();
  }

  /** Waits for what is no call to AWS too, such as the verification of a token. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    const id = `work-${this.#nextId++}`;
    this.#active.add(id);
    try {
      return await work;
    } finally {
      this.#release(id);
    }
  }

  /** In place of `http.request`, for one run of a function. */
  request(
    invocation: Invocation,
    options: RequestOptions,
    callback: (response: IncomingMessage) => void = () => {},
  ): ClientRequest {
    const id = String(this.#nextId++);
    if (this.#isOverHttp) return this.#requestOverHttp(id, invocation, options, callback);
    const { method = 'GET', path } = options;
    const url = path ?? '/';
    const headers = Object.fromEntries(
      Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
    ) as IncomingHttpHeaders;
    const sent = new Exchange((body) => {
      this.#answer(id, invocation, { method, url, headers }, body, (answer) =>
        answer === 'cut' ? sent.destroy() : sent.respond(answer),
      ).catch((error: Error) => sent.destroy(error));
    });
    sent.once('response', callback);
    if (!invocation.isAlive()) return sent.destroy(new Error('The process has ended')) as never;
    this.#active.add(id);
    this.#open.add(sent);
    sent.once('close', () => {
      this.#open.delete(sent);
      this.#release(id);
    });
    return sent as never;
  }

  /** In place of `fetch`, for one run of a function. */
  async fetch(
    invocation: Invocation,
    input: Parameters<typeof fetch>[0],
    { method = 'GET', headers: given, body, signal }: RequestInit = {},
  ): Promise<Response> {
    if (!invocation.isAlive()) throw new TypeError('fetch failed');
    const { pathname, search } = new URL(String(input));
    const headers = Object.fromEntries(new Headers(given)) as IncomingHttpHeaders;
    const id = String(this.#nextId++);
    this.#active.add(id);
    try {
      const answer = await new Promise<Answer | 'cut'>((resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason));
        const request = { method, url: pathname + search, headers };
        this.#answer(id, invocation, request, Buffer.from(String(body ?? '')), resolve).catch(reject);
      });
      if (answer === 'cut') throw new TypeError('fetch failed');
      return new Response(String(answer.body), {
        status: answer.status,
        headers: answer.headers as Record<string, string>,
      });
    } finally {
      this.#release(id);
    }
  }

  /** The same with Node's own client and server. */
  #requestOverHttp(
    id: string,
    invocation: Invocation,
    options: RequestOptions,
    callback: (response: IncomingMessage) => void,
  ): ClientRequest {
    this.#invocations.set(id, invocation);
    // Wherever it was going, it arrives here.
    const { agent: _agent, ...rest } = options;
    const headers = { ...options.headers, 'x-call': id };
    const sent = http.request(
      { ...rest, headers, createConnection: () => this.#connect() as never },
      callback,
    );
    if (!invocation.isAlive()) return sent.destroy(new Error('The process has ended'));
    this.#active.add(id);
    sent.once('close', () => {
      this.#invocations.delete(id);
      this.#release(id);
    });
    return sent;
  }

  /** A connection without a socket, which would take as long as everything else that a call takes here. */
  #connect(): Duplex {
    const [client, server] = duplexPair();
    // The SDK's timers are virtual. A socket's would go by real time, and end calls whenever this machine is busy.
    for (const side of [client, server]) {
      Object.assign(side, { setTimeout: () => side, setNoDelay: () => side, setKeepAlive: () => side });
    }
    server.once('close', () => {
      this.#open.delete(server);
      client.destroy();
    });
    client.once('close', () => server.destroy());
    this.#open.add(server);
    this.#server.emit('connection', server);
    return client;
  }

  #release(id: string): void {
    this.#active.delete(id);
    if (this.#active.size > 0) return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async #answerOverHttp(request: IncomingMessage, response: http.ServerResponse): Promise<void> {
    const { 'x-call': id = '', ...headers } = request.headers as Record<string, string>;
    const body = await buffer(request);
    const invocation = this.#invocations.get(id);
    if (!invocation) {
      response.destroy();
      return;
    }
    const { method, url } = request;
    await this.#answer(id, invocation, { method, url, headers }, body, (answer) =>
      answer === 'cut'
        ? response.destroy()
        : response.writeHead(answer.status, answer.headers).end(answer.body),
    );
  }

  /** @param respond is not called when there is no answer */
  async #answer(
    id: string,
    invocation: Invocation,
    request: Pick<IncomingMessage, 'method' | 'url' | 'headers'>,
    body: Buffer,
    respond: (answer: Answer | 'cut') => void,
  ): Promise<void> {
    if (!invocation.isAlive()) return respond('cut');
    const call = callOf(invocation.functionName, request, body);
    const { place, attempt } = this.#place(call);
    const fault = this.#fate.call(place, attempt);
    this.#note(place.site, fault);
    if (call.operation === 'TransactWriteItems') {
      if (this.#outOfCapacity.has(invocation)) this.retriedWithoutCapacity.push(place.site);
      if (fault?.kind === 'conflict-throttled') this.#outOfCapacity.add(invocation);
    }

    const answer = await this.#carry(call, invocation, id, fault?.kind);
    // No answer arrives any more; what is left is to wait for the SDK to give up.
    if (answer === 'none') return this.#release(id);
    if (answer === 'cut' || !invocation.isAlive()) return respond('cut');
    // Emulators do not have the functions' clock, and where clocks differ by four minutes the SDK repeats whatever is refused.
    const date = new Date(this.#now()).toUTCString();
    respond({ ...answer, headers: { ...answer.headers, date } });
    if (!isMessage(call) && isWrite(call)) await this.#deliverLate(call);
  }

  /** What becomes of the n-th delivery to a function, or of a request to it. */
  fateOfDelivery(site: string, nth: number): Fault | undefined {
    const fault = this.#fate.delivery(site, nth);
    if (fault) this.#note(site, fault);
    return fault;
  }

  #note(site: string, fault: Fault | undefined): void {
    this.trace.push(`${site} ${fault?.kind ?? 'done'}`);
    if (fault && !this.struck.includes(fault)) this.struck.push(fault);
  }

  #place(call: Call): { place: Place; attempt: number } {
    const known = this.#commands.get(call.commandId);
    if (known) {
      known.attempts += 1;
      return { place: known.place, attempt: known.attempts };
    }
    const site = `${call.functionName} ${call.operation} ${call.target.replace(/^fanfold-local-/, '')}`;
    const nth = this.#counts.get(site) ?? 0;
    this.#counts.set(site, nth + 1);
    const place = { site, nth, call };
    this.places.push(place);
    this.#commands.set(call.commandId, { place, attempts: 0 });
    return { place, attempt: 0 };
  }

  /** @returns `cut`: the connection breaks; `none`: there is no answer */
  async #carry(
    call: Call,
    invocation: Invocation,
    id: string,
    kind?: Fault['kind'],
  ): Promise<Answer | 'cut' | 'none'> {
    const forward = (changedBody?: string) => this.#forward(call, changedBody);
    switch (kind) {
      case undefined:
        return forward();
      case 'refused':
        return 'cut';
      case 'answer-lost':
        await forward();
        return 'cut';
      case 'answered-500':
        // Stripe answers it again to the same key, for a day.
        if (call.protocol === 'stripe') return this.#forward(call, call.body, 'saved-500-after');
        await forward();
        return errorAnswer(call, 500, internalError[call.protocol]);
      case 'late':
        this.#late.push({ target: orderedBy(call), commandId: call.commandId, send: forward });
        return 'none';
      case 'stalled':
        await forward();
        return 'none';
      case 'throttled':
        return errorAnswer(call, throttling[call.protocol].status, throttling[call.protocol].code);
      case 'denied':
        return errorAnswer(call, denial[call.protocol].status, denial[call.protocol].code);
      case 'partial': {
        const part = partOf(call);
        if (!part) return forward();
        return part.answer(
          part.body === '' ? { status: 200, headers: {}, body: '{}' } : await forward(part.body),
        );
      }
      case 'conflict':
        return conflictOf(call);
      case 'conflict-throttled':
        return cancelled(call, 'TransactionConflict', 'ThrottlingError');
      case 'duplicated': {
        const answer = await forward();
        await forward();
        return answer;
      }
      case 'stale':
        if (call.protocol === 'stripe')
          return {
            status: 200,
            headers: {},
            body: JSON.stringify({ object: 'list', data: [], has_more: false }),
          };
        return {
          status: 200,
          headers: { 'content-type': 'application/x-amz-json-1.0' },
          body: JSON.stringify({ Items: [], Count: 0, ScannedCount: 0 }),
        };
      case 'killed-before':
        invocation.kill();
        return 'cut';
      case 'killed-after':
        await forward();
        invocation.kill();
        return 'cut';
      case 'race-lost':
        this.#release(id);
        await invocation.repeat();
        // Whether or not somebody still waits for it: it was on its way.
        return forward();
      default:
        throw new Error(`${kind} is no fault of a call`);
    }
  }

  async #deliverLate(call: Call): Promise<void> {
    const arriving = this.#late.filter(
      ({ target, commandId }) => target === orderedBy(call) && commandId !== call.commandId,
    );
    this.#late = this.#late.filter((late) => !arriving.includes(late));
    for (const { send } of arriving) await send();
  }

  /** Sends a call on to its emulator. */
  async #forward(
    call: Call,
    changedBody: string | Buffer = call.body,
    faultAtStripe?: StripeFault,
  ): Promise<Answer> {
    if (isWrite(call)) {
      for (const target of writtenBy(call)) this.#writes.set(target, this.writesTo(target) + 1);
    }
    const { protocol, method, path, headers } = call;
    const answer =
      protocol === 'stripe'
        ? this.#emulators.askStripe(method, path, headers, changedBody, faultAtStripe)
        : protocol === 'witness'
          ? this.#emulators.askWitness(changedBody)
          : await this.during(this.#emulators.send(protocol, method, path, headers, changedBody));
    this.#onDone(call, answer);
    return answer;
  }
}

/** Whether it is taken, and not where it stays: what comes late is one more of them, and no older one. */
const isMessage = ({ protocol }: Call): boolean => protocol === 'sqs' || protocol === 'sns';

/** Whatever comes late to Stripe comes after the next call that changes anything there. */
const orderedBy = ({ protocol, target }: Call): string => (protocol === 'stripe' ? protocol : target);

const internalError = {
  dynamodb: 'InternalServerError',
  sqs: 'InternalError',
  sns: 'InternalError',
  kms: 'KMSInternalException',
  secretsmanager: 'InternalServiceError',
  s3: 'InternalError',
  witness: '',
};
const throttling = {
  dynamodb: { status: 400, code: 'ProvisionedThroughputExceededException' },
  sqs: { status: 400, code: 'ThrottlingException' },
  sns: { status: 400, code: 'Throttling' },
  kms: { status: 400, code: 'ThrottlingException' },
  secretsmanager: { status: 400, code: 'ThrottlingException' },
  stripe: { status: 429, code: 'rate_limit' },
  s3: { status: 503, code: 'SlowDown' },
  witness: { status: 429, code: '' },
};
const denial = {
  dynamodb: { status: 400, code: 'AccessDeniedException' },
  sqs: { status: 403, code: 'AccessDeniedException' },
  sns: { status: 403, code: 'AuthorizationError' },
  kms: { status: 400, code: 'AccessDeniedException' },
  secretsmanager: { status: 400, code: 'AccessDeniedException' },
  stripe: { status: 403, code: 'platform_account_required' },
  s3: { status: 403, code: 'AccessDenied' },
  witness: { status: 403, code: '' },
};

/**
 * What DynamoDB answers while another transaction has one of the items (semantics D6, D8), S3 while another writes, and Stripe
 * while another call has the same key.
 */
function conflictOf(call: Call): Answer {
  if (call.protocol === 's3') return errorAnswer(call, 409, 'ConditionalRequestConflict');
  // https://docs.stripe.com/error-codes#idempotency-key-in-use
  if (call.protocol === 'stripe') return errorAnswer(call, 409, 'idempotency_key_in_use');
  if (call.operation !== 'TransactWriteItems') return errorAnswer(call, 400, 'TransactionConflictException');
  return cancelled(call, 'TransactionConflict');
}

/** Reasons of the first items of a transaction. The others had nothing to do with it. */
function cancelled(call: Call, ...codes: string[]): Answer {
  const { TransactItems } = inputOf(call) as { TransactItems: object[] };
  const CancellationReasons = TransactItems.map((_, i) => ({ Code: codes[i] ?? 'None' }));
  return errorAnswer(call, 400, 'TransactionCanceledException', { CancellationReasons });
}

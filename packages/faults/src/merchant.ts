import { hash } from 'node:crypto';
import type { Event } from '@fanfold/contracts/event';
import { signToken } from '@fanfold/local-cloud/issuer';
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { Outcome } from './functions.ts';
import type { World } from './world.ts';

export type Answer<Body> = { status: number; headers: Record<string, string>; body: Body };

export type Refund = {
  id: string;
  amount: number;
  status: string;
  creditNoteNumber: string | null;
  /** Missing unless it failed after it had succeeded. */
  reversalInvoiceNumber?: string | null;
};
export type Payment = {
  id: string;
  status: string;
  currency: string;
  amountCaptured: number;
  amountRefunded: number;
  invoiceNumber: string | null;
  refunds: Refund[];
  /** What the customer has to do. */
  nextAction: object | null;
  disputes: { id: string; amount: number; status: string }[];
};
export type Document = {
  id: string;
  number: string;
  createdAt: string;
  currency: string;
  paymentId: string;
  refundId?: string;
  /** Of an invoice that reverses a credit note. */
  reverses?: { refundId: string };
  totals: { gross: number };
  /** The XML files that it was issued with. */
  documents?: { format: string; profile: string; sha256: string }[];
};

/** A request that changes something, and everything that was ever answered to it. */
export type Sent = { key: string; functionName: string; answers: Answer<{ id?: string; code?: string }>[] };

/** A merchant's shop: it repeats a request, with its key, until it knows what came of it. */
export class Merchant {
  readonly id: string;
  /** What must never be in a log. */
  readonly secrets: string[];
  readonly sent: Sent[] = [];
  readonly #world: World;
  readonly #token: string;

  private constructor(id: string, token: string, world: World) {
    this.id = id;
    this.#token = token;
    this.#world = world;
    this.secrets = [token.split('.')[2] as string, `Canary of ${id}`, `canary-${id}@example.com`];
  }

  static async of(id: string, world: World): Promise<Merchant> {
    const token = await signToken({
      issuer,
      subject: 'shop',
      merchantId: id,
      scopes: ['payments:write', 'payments:read', 'invoices:read', 'seller:write', 'audit:read'],
      expiresInSeconds: 400 * 86_400,
    });
    return new Merchant(id, token, world);
  }

  /** Pays 121.00 EUR, unless changed. Where that failed, the body is the payment all the same, which is then looked at. */
  async pay(changes: Record<string, unknown> = {}): Promise<Answer<Payment>> {
    const answer = await this.#insist<Payment & { paymentId?: string }>('payments.createPayment', {
      ...this.#sale(),
      ...changes,
    });
    const { paymentId } = answer.body;
    return paymentId === undefined ? answer : { ...answer, body: await this.show(paymentId) };
  }

  /** Asks for a payment once; what has no answer that stays can be asked again. */
  async payOnce(): Promise<{ answer: Answer<unknown> | undefined; again(): Promise<unknown> }> {
    const sent = this.#prepare('payments.createPayment', this.#sale());
    const outcome = await this.#ask(sent);
    const answer = outcome.status === 'answered' ? answerOf<{ code?: string }>(outcome.value) : undefined;
    if (isFinal(answer)) sent.answers.push(answer);
    return { answer, again: () => this.#repeat(sent) };
  }

  capture(id: string, amount: number): Promise<Answer<Payment>> {
    return this.#insist('payments.capturePayment', { amount }, id);
  }

  cancel(id: string): Promise<Answer<Payment>> {
    return this.#insist('payments.cancelPayment', { reason: 'changed my mind' }, id);
  }

  refund(id: string, amount: number): Promise<Answer<Refund>> {
    return this.#insist('payments.refundPayment', { amount }, id);
  }

  /** Says who issues the shop's documents: a company with this VAT id. */
  putSeller(vatId: string | null): Promise<Answer<unknown>> {
    const registration = { id: '1999999943', scheme: '0208' };
    const address = { country: 'BE' };
    return this.#insist('billing.putSeller', { legalName: this.secrets[1], address, registration, vatId });
  }

  /** Refunds lines of the order. */
  refundLines(id: string, lines: { line: number }[]): Promise<Answer<Refund>> {
    return this.#insist('payments.refundPayment', { lines }, id);
  }

  show(id: string): Promise<Payment> {
    return this.#read('payments.getPayment', {}, id);
  }

  payments = (): Promise<Payment[]> => this.#list('payments.listPayments');
  invoices = (): Promise<Document[]> => this.#list('billing.listInvoices');
  creditNotes = (): Promise<Document[]> => this.#list('billing.listCreditNotes');
  events = (): Promise<(Event & { position: number; recordedat: string; erased?: true })[]> =>
    this.#list('audit.listEvents');

  /** A proof of an event, as it is downloaded. */
  async proofOf(id: string): Promise<string> {
    const outcome = await this.#world.run('audit.getEventProof', this.#request('GET', { id }));
    if (outcome.status !== 'answered') throw new Error(`No answer to a request for the proof of ${id}`);
    const { statusCode, body } = outcome.value as APIGatewayProxyStructuredResultV2;
    const text = Buffer.from(body ?? '', 'base64').toString();
    if (statusCode !== 200)
      throw new Error(`A request for the proof of ${id} was answered ${statusCode}: ${body}`);
    return text;
  }

  /** What of the files of a document is not as its issue said, or is not there. */
  async brokenFilesOf({ id, number, refundId, documents }: Document): Promise<string[]> {
    if (!documents) return [];
    const of = refundId === undefined ? 'invoice' : 'creditNote';
    const read = async (functionName: string) => {
      const outcome = await this.#world.run(functionName, this.#request('GET', { id }));
      if (outcome.status !== 'answered') return { status: outcome.status };
      const { statusCode, body } = outcome.value as APIGatewayProxyStructuredResultV2;
      const sha256 = hash('sha256', Buffer.from(body ?? '', 'base64'), 'hex');
      return { status: statusCode, sha256 };
    };
    const cii = documents.find(({ format, profile }) => format === 'cii' && profile === 'en16931');
    const [xml, pdf] = [await read(`billing.${of}Cii`), await read(`billing.${of}Pdf`)];
    return [
      ...(cii?.sha256 === xml.sha256 ? [] : [`${number} is not there as the XML that it was issued as`]),
      ...(pdf.status === 200 ? [] : [`${number} has no PDF: ${pdf.status}`]),
    ];
  }

  /** Asks for something else with the key of the first request. */
  async misuseFirstKey(): Promise<void> {
    const [first] = this.sent as [Sent];
    const sent: Sent = {
      key: `${first.key}, for something else`,
      functionName: first.functionName,
      answers: [],
    };
    this.sent.push(sent);
    const body = { amount: 1, currency: 'EUR', paymentMethod: 'pm_card_visa', orderId: 'another' };
    const customer = { name: this.secrets[1], address: { country: 'BE' } };
    this.#requests.set(sent, this.#request('POST', { body: { ...body, customer }, key: first.key }));
    await this.#repeat(sent);
  }

  /**
   * Sends every request that was ever sent once more. Not those that were refused by the state of things, which is not
   * kept: asked again, the state may be another, such as a seller that a restore has brought back.
   */
  async repeatAll(): Promise<void> {
    for (const sent of [...this.sent]) {
      const { status, body } = sent.answers.at(-1) ?? {};
      const isOfState = status === 409 || (status === 422 && body?.code === 'invalid_request');
      if (!isOfState) await this.#repeat(sent);
    }
  }

  readonly #requests = new Map<Sent, object>();

  #sale = () => ({
    amount: 12_100,
    currency: 'EUR',
    paymentMethod: 'pm_card_visa',
    orderId: `order-${this.sent.length}`,
    customer: { name: this.secrets[1], email: this.secrets[2], address: { country: 'BE' } },
    lines: [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }],
  });

  #insist<Body>(functionName: string, body: object, id?: string): Promise<Answer<Body>> {
    return this.#repeat(this.#prepare(functionName, body, id)) as Promise<Answer<Body>>;
  }

  #prepare(functionName: string, body: object, id?: string): Sent {
    const sent: Sent = { key: `${this.id}-${this.sent.length}`, functionName, answers: [] };
    this.sent.push(sent);
    this.#requests.set(sent, this.#request('POST', { body, key: sent.key, id }));
    return sent;
  }

  /** Until the answer is one of those that stay. */
  async #repeat(sent: Sent): Promise<Answer<unknown>> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const outcome = await this.#ask(sent);
      const answer = outcome.status === 'answered' ? answerOf<{ code?: string }>(outcome.value) : undefined;
      if (isFinal(answer)) {
        sent.answers.push(answer);
        return answer;
      }
      this.#world.clock.advance(Math.min(1000 * 2 ** attempt, 30_000));
    }
    throw new Error(`${sent.functionName} gave no answer that stays, 20 times`);
  }

  async #ask(sent: Sent): Promise<Outcome> {
    return this.#world.request(sent.functionName, this.#requests.get(sent));
  }

  async #list<Item extends { id: string }>(functionName: string): Promise<Item[]> {
    const items: Item[] = [];
    for (let hasMore = true; hasMore; ) {
      const startingAfter = items.at(-1)?.id;
      const query = { limit: '100', ...(startingAfter && { startingAfter }) };
      const page = await this.#read<{ data: Item[]; hasMore: boolean }>(functionName, query);
      items.push(...page.data);
      ({ hasMore } = page);
    }
    return items;
  }

  async #read<Body>(functionName: string, query: Record<string, string>, id?: string): Promise<Body> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const outcome = await this.#world.run(functionName, this.#request('GET', { query, id }));
      const answer = outcome.status === 'answered' ? answerOf<Body>(outcome.value) : undefined;
      if (answer?.status === 200) return answer.body;
      this.#world.clock.advance(1000);
    }
    throw new Error(`${functionName} could not be read, 20 times`);
  }

  #request(
    method: string,
    parts: { body?: object; key?: string; id?: string | undefined; query?: Record<string, string> },
  ): object {
    return {
      version: '2.0',
      routeKey: method,
      rawPath: '/',
      rawQueryString: '',
      headers: {
        authorization: `Bearer ${this.#token}`,
        'content-type': 'application/json',
        ...(parts.key && { 'idempotency-key': parts.key }),
      },
      requestContext: { http: { method, path: '/' } },
      isBase64Encoded: false,
      ...(parts.body && { body: JSON.stringify(parts.body) }),
      ...(parts.id && { pathParameters: { id: parts.id } }),
      ...(parts.query && { queryStringParameters: parts.query }),
    };
  }
}

/** Nobody listens there: functions are given the keys by the harness. */
const issuer = 'http://127.0.0.1:4000';

/** Whether an answer stays: not a 5xx, not "still running", not silence. */
const isFinal = (answer: Answer<{ code?: string }> | undefined): answer is Answer<{ code?: string }> =>
  answer !== undefined && answer.status < 500 && !/in_progress|busy/.test(answer.body.code ?? '');

const answerOf = <Body>(value: unknown): Answer<Body> => {
  const { statusCode, headers, body } = value as APIGatewayProxyStructuredResultV2;
  return {
    status: statusCode as number,
    headers: headers as Record<string, string>,
    body: JSON.parse(body ?? '') as Body,
  };
};

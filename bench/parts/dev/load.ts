import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as delay } from 'node:timers/promises';
import { paymentOf } from '../../measuring/payment.ts';
import { quantile } from '../../reporting/statistics.ts';

export type LoadOptions = {
  urls: { payments: string; billing: string };
  /** One client, of a merchant of its own, for each access token. */
  tokens: string[];
  /** Each pays again as soon as it is answered, for so long. */
  seconds: number;
  /** Makes idempotency keys of their own. */
  name: string;
};

export type Load = {
  payments: number;
  /** Payments answered with 201, from the first request until the last payment of each client has its invoice. */
  paymentsPerSecond: number;
  /** From a request to its answer, whatever that was. */
  postSeconds: { p50: number; p99: number };
  /** How many requests were answered otherwise or not at all, by status or error. */
  failures: Record<string, number>;
};

/** How long a request may take. */
const timeoutMs = 60_000;

/** How long the last invoices may take, which come after their payments. */
const invoicesWithinMs = 180_000;

/**
 * Pays with all clients at once, over connections that stay open.
 *
 * @throws when no payment succeeded, or an invoice does not come
 */
export async function payUnderLoad({ urls, tokens, seconds, name }: LoadOptions): Promise<Load> {
  const agent = new Agent({ keepAlive: true });
  const seen: number[] = [];
  const failures: Record<string, number> = {};
  const startedAt = performance.now();
  const last = await Promise.all(
    tokens.map(async (token, client) => {
      let id: string | undefined;
      for (let n = 0; performance.now() - startedAt < seconds * 1000; n++) {
        const askedAt = performance.now();
        const outcome = await ask(agent, 'POST', `${urls.payments}/payments`, token, {
          key: `${name}-${client}-${n}`,
          body: paymentOf(n),
        });
        seen.push((performance.now() - askedAt) / 1000);
        if (outcome.status === 201) id = String(outcome.body.id);
        else failures[outcome.status] = (failures[outcome.status] ?? 0) + 1;
      }
      return { token, id };
    }),
  );
  await Promise.all(last.map(({ token, id }) => id && untilInvoiced(agent, urls.billing, token, id)));
  const tookSeconds = (performance.now() - startedAt) / 1000;
  agent.destroy();
  const payments = seen.length - Object.values(failures).reduce((sum, count) => sum + count, 0);
  if (payments === 0) throw new Error(`No payment was answered with 201, but ${JSON.stringify(failures)}`);
  return {
    payments,
    paymentsPerSecond: payments / tookSeconds,
    postSeconds: { p50: quantile(seen, 0.5), p99: quantile(seen, 0.99) },
    failures,
  };
}

async function untilInvoiced(agent: Agent, billing: string, token: string, id: string): Promise<void> {
  const until = performance.now() + invoicesWithinMs;
  while (performance.now() < until) {
    const { status, body } = await ask(agent, 'GET', `${billing}/invoices?paymentId=${id}`, token);
    if (status === 200 && (body.data as unknown[]).length > 0) return;
    await delay(50);
  }
  throw new Error(`${id} has no invoice after ${invoicesWithinMs / 1000} s`);
}

type Outcome = { status: number | string; body: Record<string, unknown> };

const ask = (
  agent: Agent,
  method: string,
  url: string,
  token: string,
  sent?: { key: string; body: object },
): Promise<Outcome> =>
  new Promise((resolve) => {
    const fail = ({ message }: Error) => resolve({ status: message, body: {} });
    const headers = {
      authorization: `Bearer ${token}`,
      ...(sent && { 'content-type': 'application/json', 'idempotency-key': sent.key }),
    };
    request(url, { agent, method, headers, signal: AbortSignal.timeout(timeoutMs) }, (response) => {
      text(response)
        .then((body) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(body) }))
        .catch(fail);
    })
      .once('error', fail)
      .end(sent && JSON.stringify(sent.body));
  });

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { signToken } from '@fanfold/local-cloud/issuer';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { findStack } from '@fanfold/local-cloud/stack';
import { paymentOf } from '../../measuring/payment.ts';
import { Moments } from './moments.ts';
import type { Stage } from './stage.ts';
import { openTables } from './tables.ts';

const repository = join(import.meta.dirname, '../../..');

/** How often tables are looked at. */
const lookEveryMs = 3;

/** `pnpm dev` in processes of its own: payments go over HTTP, through `serverless offline`, and tables are looked at. */
export async function startDev(): Promise<Stage> {
  const base = await freeBasePort();
  const child = spawn(process.execPath, [join(repository, 'scripts/dev.ts')], {
    cwd: repository,
    env: { ...process.env, FANFOLD_PORT: String(base) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const ready = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith('fanfold is ready')) resolve();
    });
  });
  const endedEarly = ended.then(([code]): never => {
    throw new Error(`pnpm dev ended with ${code}`);
  });
  await Promise.race([ready, endedEarly]);
  const stack = await findStack(base);
  if (!stack) throw new Error(`Nothing answers on port ${base}`);
  const tables = await openTables(stack.endpoints.dynamodb);
  const invoiced = new Moments();
  const audited = new Moments();
  const awaited = new Set<string>();
  let isStopping = false;
  const looking = look();
  const tokens = new Map<string, Promise<string>>();
  return {
    async pay(merchantId, n) {
      const token =
        tokens.get(merchantId) ?? signToken({ ...tokenRequest, issuer: stack.issuer, merchantId });
      tokens.set(merchantId, token);
      const answer = await fetch(`${stack.services.payments?.url}/payments`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await token}`,
          'content-type': 'application/json',
          'idempotency-key': `${merchantId}-${n}`,
        },
        body: JSON.stringify(paymentOf(n)),
      });
      const body = await answer.json();
      if (answer.status !== 201) throw new Error(`A payment was answered with ${JSON.stringify(body)}`);
      return (body as { id: string }).id;
    },
    watch(merchantId, paymentId) {
      const payment = `${merchantId}#${paymentId}`;
      awaited.add(payment);
      return { invoiced: invoiced.of(payment), audited: audited.of(payment) };
    },
    count: tables.count,
    rootPid: child.pid as number,
    emulatorsPid: child.pid as number,
    async stop() {
      isStopping = true;
      await looking;
      child.kill('SIGINT');
      await ended;
    },
  };

  /** Looks at those that are awaited longest. */
  async function look(): Promise<void> {
    while (!isStopping) {
      await pause(lookEveryMs);
      if (awaited.size === 0) continue;
      const found = await tables.find([...awaited]);
      for (const payment of found.invoiced) invoiced.now(payment);
      for (const payment of found.audited) {
        audited.now(payment);
        awaited.delete(payment);
      }
    }
  }
}

const tokenRequest = { subject: 'bench', scopes: ['payments:write'], expiresInSeconds: 3600 };

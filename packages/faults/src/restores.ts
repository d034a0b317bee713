import { order } from '../../../scripts/fanfold/operations/order.ts';
import type { Restoration, RestoreRun } from '../../../scripts/fanfold/operations/restore/restoration.ts';
import { restorations } from '../../../scripts/fanfold/operations/restore/restorations.ts';
import {
  type RestoredService,
  restoredServices,
} from '../../../scripts/fanfold/operations/restore/restoredServices.ts';
import { cloudOf } from './cloud.ts';
import type { Merchant } from './merchant.ts';
import type { Kept, World } from './world.ts';

/**
 * What can be put back to an earlier time. Not the provider's table, which is not ours; and not audit's, which
 * services/audit/src/restore has tests of its own for: its events come back while the stage runs.
 */
export const restorables = {
  payments: ['payments'],
  billing: ['billing'],
  witness: ['audit-witness'],
  bucket: [],
} satisfies Record<string, string[]>;

export type Restorable = keyof typeof restorables;

/**
 * Something is put back to what it was at a point of the story, at a later one. Points are counted from 0: before each request,
 * each run of a clock or of an operator's function, and each time that queues are emptied.
 */
export type PutBack = { what: Restorable; to: number; at: number };

/** The services whose tables are put back, and that have commands for it. */
const servicesOf = (what: Restorable): RestoredService[] =>
  restoredServices.filter((service) => (restorables[what] as string[]).includes(service));

/** Counts the points of a story, and puts something back at one of them. */
export class Restores {
  /** How many points there were. */
  points = 0;
  /** Whether it was put back. */
  isDone = false;
  /** What restoring it did not do that it must. */
  readonly breaches: string[] = [];
  readonly #world: World;
  readonly #shops: readonly Merchant[];
  readonly #putBack: PutBack | undefined;
  #kept: Kept | undefined;

  constructor(world: World, shops: readonly Merchant[], putBack: PutBack | undefined) {
    this.#world = world;
    this.#shops = shops;
    this.#putBack = putBack;
  }

  async reach(): Promise<void> {
    const point = this.points++;
    if (point === this.#putBack?.to) {
      await this.#mark();
      this.#kept = await this.#world.keep();
    }
    if (point === this.#putBack?.at && this.#kept) {
      await this.#restore(this.#putBack.what, this.#kept);
      this.isDone = true;
    }
  }

  async #restore(what: Restorable, kept: Kept): Promise<void> {
    const world = this.#world;
    // A backup takes longer than marks are fresh. What was published until then is recorded, and the log is signed.
    world.clock.advance(backupMs);
    await world.drain();
    await this.#signLog();
    await this.#mark();
    await world.putBack(kept, restorables[what], { bucket: what === 'bucket' });
    // Instances go by what they compared within a minute.
    world.clock.advance(2 * 60_000);
    const request = await this.#goOnUnaware(what);
    for (const service of servicesOf(what)) {
      // What was published until now is recorded.
      world.stopped.add(service);
      await world.drain({ patienceMs: 0 });
      await this.#run(service);
      world.stopped.delete(service);
    }
    world.clock.advance(60_000);
    await this.#mark();
    await this.#signLog();
    await request?.again();
    if (servicesOf(what).includes('billing')) await this.#compareAgain();
    // What no event has of a payment comes back with its requests.
    if (servicesOf(what).includes('payments')) for (const shop of this.#shops) await shop.repeatAll();
  }

  /** Nobody knows yet: a shop sells, messages are delivered, clocks run. */
  async #goOnUnaware(what: Restorable): Promise<{ again(): Promise<unknown> } | undefined> {
    const world = this.#world;
    await this.#mark();
    const { answer, again } = await (this.#shops[0] as Merchant).payOnce();
    await world.drain({ patienceMs: 0 });
    for (const clock of ['payments.janitor', 'payments.expiry', 'audit.publishLog', 'audit.witness']) {
      await world.run(clock);
    }
    const isRefused = answer?.status === 503;
    if ((restorables[what] as string[]).includes('payments') && !isRefused) {
      this.breaches.push(`a payment was answered ${answer?.status} while payments' table lacks some`);
    }
    return isRefused ? { again } : undefined;
  }

  /** As `fanfold restore` does; and once more, which changes nothing. */
  async #run(service: RestoredService): Promise<void> {
    const cloud = cloudOf(this.#world);
    const restoration: Restoration = restorations[service];
    try {
      const plan = await restoration.plan(cloud, quietly);
      if (plan.toWrite > 0) {
        await order(cloud, { command: 'restore', reason: null, filters: { service }, messages: [] });
        await plan.write();
      }
      const proof = await restoration.prove(cloud, quietly);
      if (!proof.holds) this.breaches.push(`${service} is not proven: ${proof.lines.join(' ')}`);
      else await restoration.finish?.(cloud);
      const again = await restoration.plan(cloud, quietly);
      if (again.toWrite > 0)
        this.breaches.push(`${service} would be restored again: ${again.lines.join(' ')}`);
    } catch (error) {
      this.breaches.push(`${service} is not restored: ${(error as Error).message}`);
    }
  }

  /** No event says that a finding was mended: the days of those that came back are compared again. */
  async #compareAgain(): Promise<void> {
    for (const { finding } of await this.#world.itemsOf('billing')) {
      const { merchantId, date, mendedAt } = (finding ?? {}) as Record<string, unknown>;
      if (mendedAt === null) await this.#world.run('payments.republish', { date, merchantId });
    }
  }

  async #mark(): Promise<void> {
    for (const service of markedServices) await this.#world.run(`${service}.markTable`);
  }

  async #signLog(): Promise<void> {
    await this.#world.run('audit.publishLog');
    await this.#world.run('audit.witness');
  }
}

const quietly: RestoreRun = {
  step: (_what, _total, work) => work(() => {}),
  signal: new AbortController().signal,
};

/** Those whose tables have marks, by which they notice that one was put back. */
const markedServices = ['payments', 'billing'];

const backupMs = 10 * 60_000;

import type { OpenEvents } from '../../../scripts/fanfold/aws/auditLog.ts';
import { order } from '../../../scripts/fanfold/operations/order.ts';
import { isRepublished } from '../../../scripts/fanfold/operations/restore/audit.ts';
import type {
  Restoration,
  RestoreProof,
  RestoreRun,
} from '../../../scripts/fanfold/operations/restore/restoration.ts';
import { restorations } from '../../../scripts/fanfold/operations/restore/restorations.ts';
import {
  markedServices,
  type RestoredService,
} from '../../../scripts/fanfold/operations/restore/restoredServices.ts';
import { cloudOf } from './cloud.ts';
import { servicesUnderTest } from './functions.ts';
import type { Merchant } from './merchant.ts';
import type { Kept, World } from './world.ts';

/** What can be put back to an earlier time, and its tables. Not the provider's, which is not ours. */
export const restorables = {
  payments: ['payments'],
  billing: ['billing'],
  audit: ['audit'],
  keys: ['audit-keys'],
  witness: ['audit-witness'],
  all: ['payments', 'billing', 'audit', 'audit-keys', 'audit-witness'],
  bucket: [],
} satisfies Record<string, string[]>;

export type Restorable = keyof typeof restorables;

/**
 * Something is put back to what it was at a point of the story, at a later one. Points are counted from 0: before each request,
 * each run of a clock or of an operator's function, and each time that queues are emptied.
 */
export type PutBack = { what: Restorable; to: number; at: number };

export const isTablePutBack = (what: Restorable, table: string): boolean =>
  (restorables[what] as string[]).includes(table);

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
    const lacksEntries = isTablePutBack(what, 'audit') && kept.headSize < world.log.headSize;
    await world.putBack(kept, restorables[what], { bucket: what === 'bucket' });
    if (isTablePutBack(what, 'audit')) {
      // Of what was said since, all that a table still has comes back.
      world.log.mayBeLost = what === 'all' ? () => true : (type) => !isRepublished(type);
    }
    // Instances go by what they compared within a minute.
    world.clock.advance(2 * 60_000);
    const request = await this.#goOnUnaware(what, lacksEntries);
    await this.#command(what);
    world.clock.advance(60_000);
    await this.#mark();
    await this.#signLog();
    await request?.again();
    if (isTablePutBack(what, 'billing')) await this.#compareAgain();
    // What no event has of a payment comes back with its requests.
    if (isTablePutBack(what, 'payments')) for (const shop of this.#shops) await shop.repeatAll();
  }

  /** The commands of docs/restore.md. */
  async #command(what: Restorable): Promise<void> {
    const world = this.#world;
    if (isTablePutBack(what, 'audit')) {
      // Its entries. Their events come back when it runs.
      await this.#whileStopped(what === 'all' ? servicesUnderTest : ['audit'], () =>
        this.#run('audit', { isPart: true }),
      );
      // What it did not take is hidden.
      world.clock.advance(16 * 60_000);
      await world.drain({ patienceMs: 0 });
      await this.#run('audit', { isPart: what === 'all' });
    } else if (what === 'keys') await this.#whileStopped(['audit'], () => this.#run('audit'));
    for (const service of ['payments', 'billing'] as const) {
      if (isTablePutBack(what, service)) await this.#whileStopped([service], () => this.#run(service));
    }
  }

  async #whileStopped(services: readonly string[], work: () => Promise<void>): Promise<void> {
    for (const service of services) this.#world.stopped.add(service);
    // What was published until now is recorded.
    await this.#world.drain({ patienceMs: 0 });
    await work();
    for (const service of services) this.#world.stopped.delete(service);
  }

  /** Nobody knows yet: a shop sells, messages are delivered, clocks run. */
  async #goOnUnaware(
    what: Restorable,
    lacksEntries: boolean,
  ): Promise<{ again(): Promise<unknown> } | undefined> {
    const world = this.#world;
    const { headSize } = world.log;
    await this.#mark();
    const { answer, again } = await (this.#shops[0] as Merchant).payOnce();
    if (isTablePutBack(what, 'payments')) {
      // Billing says its numbers again, also those of payments that are not there.
      const date = new Date(world.clock.now).toISOString().slice(0, 10);
      await world.run('billing.republish', { date });
    }
    await world.drain({ patienceMs: 0 });
    for (const clock of ['payments.janitor', 'payments.expiry', 'audit.publishLog', 'audit.witness']) {
      await world.run(clock);
    }
    const isRefused = answer?.status === 503;
    if (isTablePutBack(what, 'payments') && !isRefused) {
      this.breaches.push(`a payment was answered ${answer?.status} while payments' table lacks some`);
    }
    if (lacksEntries && world.log.headSize > headSize) {
      this.breaches.push("events were recorded while audit's table lacks entries");
    }
    return isRefused ? { again } : undefined;
  }

  /**
   * As `fanfold restore` does; and once more, which changes nothing.
   *
   * @param isPart whether it does not end with the whole of it
   * @param isAgain whether what it lacked was published meanwhile
   */
  async #run(service: RestoredService, { isPart = false, isAgain = false } = {}): Promise<void> {
    const cloud = cloudOf(this.#world);
    const restoration: Restoration = restorations[service];
    let pausedMs = 0;
    const run: RestoreRun = {
      step: (_what, _total, work) => work(() => {}),
      pause: async (durationMs) => {
        pausedMs += durationMs;
        this.#world.clock.advance(durationMs);
      },
      signal: new AbortController().signal,
      isDry: false,
    };
    try {
      const plan = await restoration.plan(cloud, run);
      if (plan.toWrite > 0) {
        await order(cloud, { command: 'restore', reason: null, filters: { service }, messages: [] });
        await plan.write();
      }
      const proof = await restoration.prove(cloud, run);
      if (isPart) return;
      if (pausedMs > 60_000) this.breaches.push(`${service} waited for what does not come`);
      if (!proof.holds && !isWholeButLost(proof) && !isWholeButUntold(proof))
        this.breaches.push(`${service} is not proven: ${proof.lines.join(' ')}`);
      else await restoration.finish?.(cloud, proof);
      const again = await restoration.plan(cloud, run);
      if (again.toWrite > 0)
        this.breaches.push(`${service} would be restored again: ${again.lines.join(' ')}`);
    } catch (error) {
      const { message } = error as Error;
      const [, date, merchantId] = toPublish.exec(message) ?? [];
      if (date === undefined || isAgain) this.breaches.push(`${service} is not restored: ${message}`);
      else {
        this.#world.stopped.delete(service);
        await this.#world.run(`${service}.republish`, { date, merchantId });
        await this.#world.drain({ patienceMs: 0 });
        await this.#whileStopped([service], () => this.#run(service, { isPart, isAgain: true }));
      }
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
    for (const service of servicesUnderTest) {
      if (markedServices.includes(service)) await this.#world.run(`${service}.markTable`);
    }
  }

  async #signLog(): Promise<void> {
    await this.#world.run('audit.publishLog');
    await this.#world.run('audit.witness');
  }
}

/** What a restore says to do first when the log lacks what the table has. */
const toPublish = /republish --service \w+ --date (\S+) --merchant ([\w-]+)/;

/** Whether all that is wrong is what the provider did and no event tells of: whoever asked for it asks again. */
const isWholeButUntold = ({ isWhole, details: { untold } }: RestoreProof): boolean =>
  isWhole && Array.isArray(untold) && untold.length > 0;

/** Whether all that the log lacks are events that no publisher's table has. */
function isWholeButLost({ details: { misfits, open } }: RestoreProof): boolean {
  const { days } = (open ?? { days: {} }) as OpenEvents;
  const types = Object.values(days).flatMap(Object.keys);
  return Array.isArray(misfits) && misfits.length === 0 && types.length > 0 && !types.some(isRepublished);
}

const backupMs = 10 * 60_000;

import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import type { EventLoopUtilization } from 'node:perf_hooks';
import { setTimeout as waitFor } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { accountId, region } from '../account.ts';
import { atRest, inForeground, isAtRest } from './background.ts';
import type { Definition, FromWorker, Order, Report } from './functionWorker.ts';
import { FunctionError, type FunctionFailure } from './invoke.ts';

/** A function as its template has it, and its bundle. */
export type PooledFunction = {
  name: string;
  timeoutMs: number;
  memoryMb: number;
  environment: Record<string, string>;
  /** URL of the bundle, and the name of the exported handler. */
  module: string;
  handler: string;
};

export type FunctionPoolOptions = {
  functions: PooledFunction[];
  /** Called with each line that a function writes. */
  onLine: (line: string) => void;
  /** Called after each run with a response; the time to load the module is not included. */
  onRun?: (functionName: string, durationMs: number) => void;
  /** Called after each run that failed. */
  onFailure?: (functionName: string, failure: FunctionFailure) => void;
  /** An instance that was idle for so long is ended, unless it is the last one. */
  idleMs?: number;
  /** Folder in which instances leave for those after them what Node compiled of their modules. */
  compileCache?: string;
  /**
   * For functions that compute for long, and that nobody waits for: a run begins when no function of another pool runs or
   * waits, but after a second in any case. There is an instance only while it is needed.
   */
  inBackground?: boolean;
  /**
   * How long a function's module may take to load, besides the function's own timeout; Lambda's ten seconds by
   * default.
   */
  loadMs?: number;
};

/** The maximum of concurrent invocations of a service. Others wait. */
const maximumInstances = 10;

/** How long an invocation waits for an instance before it is checked whether another one would help. */
const patienceMs = 250;

/** For new objects in each instance: a third of what Node would give, at the same processor time. With 4 MB it is a tenth more. */
const smallHeap = { maxYoungGenerationSizeMb: 16 };

/**
 * Runs the functions of a service as Lambda does: in instances that run one invocation at a time, keep their modules
 * for the next one, and end when an invocation takes too long or breaks them. Unlike in Lambda, an instance is a
 * thread that runs all functions of its service, so that what they share is in memory once.
 */
export class FunctionPool {
  readonly #functions: Map<string, PooledFunction>;
  readonly #options: FunctionPoolOptions;
  readonly #idle: Instance[] = [];
  readonly #all = new Set<Instance>();
  #waiting: PromiseWithResolvers<Instance>[] = [];
  #isStopped = false;

  constructor(options: FunctionPoolOptions) {
    this.#options = options;
    this.#functions = new Map(options.functions.map((each) => [each.name, each]));
    if (!options.inBackground) this.#start();
  }

  /**
   * Runs a function and gives its answer.
   *
   * @throws FunctionError when it threw, took longer than its timeout, or ended its process; another error when the pool stops
   *   before it runs
   */
  async invoke(name: string, event: unknown): Promise<unknown> {
    const definition = this.#functions.get(name);
    if (!definition) throw new Error(`There is no function ${name}.`);
    if (this.#options.inBackground) return this.#run(definition, event);
    return inForeground(() => this.#run(definition, event));
  }

  async #run(definition: PooledFunction, event: unknown): Promise<unknown> {
    const { name } = definition;
    const instance = await this.#acquire();
    try {
      if (this.#options.inBackground) {
        await atRest();
        if (this.#isStopped) throw new Error('The service stops.');
      }
      const loadMs = this.#options.loadMs ?? 10_000;
      const { answer, durationMs } = await instance.run(definition, JSON.stringify(event ?? {}), loadMs);
      this.#options.onRun?.(name, durationMs);
      return JSON.parse(answer);
    } catch (error) {
      if (error instanceof FunctionError) this.#options.onFailure?.(name, error.failure);
      throw error;
    } finally {
      this.#release(instance);
    }
  }

  /**
   * From now on functions run in new instances, which load the modules anew. Running invocations are not interrupted.
   */
  reload(): void {
    for (const instance of [...this.#idle]) instance.end();
    for (const instance of this.#all) instance.isOutdated = true;
    if (!this.#options.inBackground) this.#start();
  }

  /** Ends running invocations, and refuses waiting ones. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const { reject } of this.#waiting.splice(0)) reject(new Error('The service stops.'));
    await Promise.all([...this.#all].map((instance) => instance.end()));
  }

  #acquire(): Promise<Instance> {
    if (this.#isStopped) return Promise.reject(new Error('The service stops.'));
    const instance = this.#idle.pop();
    if (instance) return Promise.resolve(instance);
    const waiting = Promise.withResolvers<Instance>();
    this.#waiting.push(waiting);
    if (this.#all.size === 0) this.#start();
    growing.add(this);
    watching ??= watchPools();
    return waiting.promise;
  }

  get isWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Starts another instance for those that wait, if it may have one and none is being started. */
  grow(): void {
    if (this.#options.inBackground && !isAtRest()) return;
    const isStarting = [...this.#all].some((instance) => !instance.isOnline);
    const current = [...this.#all].filter((instance) => !instance.isOutdated);
    if (!isStarting && current.length < maximumInstances) this.#start();
  }

  #start(): void {
    const instance: Instance = new Instance(this.#options, () => this.#forget(instance));
    this.#all.add(instance);
    this.#release(instance);
  }

  #forget(instance: Instance): void {
    this.#all.delete(instance);
    const index = this.#idle.indexOf(instance);
    if (index >= 0) this.#idle.splice(index, 1);
    if (this.#waiting.length > 0 && this.#all.size === 0) this.#start();
  }

  #release(instance: Instance): void {
    if (!this.#all.has(instance)) return;
    if (instance.isOutdated) instance.end();
    else {
      const next = this.#waiting.shift();
      if (next) next.resolve(instance);
      else {
        this.#idle.push(instance);
        this.#endWhenIdle(instance);
      }
    }
  }

  /** All but one, so that the next invocation need not wait. In the background it may. */
  async #endWhenIdle(instance: Instance): Promise<void> {
    const runs = instance.runs;
    await waitFor(this.#options.idleMs ?? 60_000, undefined, { ref: false });
    if (instance.runs !== runs || !this.#idle.includes(instance) || this.#isLast) return;
    instance.end();
  }

  get #isLast(): boolean {
    return this.#all.size === 1 && !this.#options.inBackground;
  }
}

/** Pools in which an invocation waits for an instance: one process has several, and one clock looks after them. */
const growing = new Set<FunctionPool>();
let watching: NodeJS.Timeout | undefined;

function watchPools(): NodeJS.Timeout {
  // From now on: what was idle before tells nothing.
  for (const thread of threads) thread.utilization();
  return setInterval(growPools, patienceMs);
}

/** Another instance helps when those that there are wait for something, and not when the processors are what they wait for. */
function growPools(): void {
  for (const pool of growing) if (!pool.isWaiting) growing.delete(pool);
  if (growing.size === 0) {
    clearInterval(watching);
    watching = undefined;
    return;
  }
  const busy = [...threads].reduce((sum, thread) => sum + thread.utilization(), 0);
  if (busy < 0.7 * availableParallelism()) for (const pool of growing) pool.grow();
}

/** How busy a thread was since it was last asked: the part of the time in which it computed. */
class Thread {
  readonly #performance: Pick<typeof performance, 'eventLoopUtilization'>;
  #before: EventLoopUtilization | undefined;

  constructor(of: Pick<typeof performance, 'eventLoopUtilization'>) {
    this.#performance = of;
  }

  utilization(): number {
    const now = this.#performance.eventLoopUtilization();
    const { utilization } = this.#before ? this.#performance.eventLoopUtilization(now, this.#before) : now;
    this.#before = now;
    return utilization;
  }
}

/** This one and all instances. */
const threads = new Set([new Thread(performance)]);

/** A thread that runs one invocation at a time. */
class Instance {
  isOutdated = false;
  isOnline = false;
  runs = 0;
  readonly #worker: Worker;
  readonly #onEnd: () => void;
  readonly #logStreamName = randomUUID();
  /** Functions that it has loaded. Of these it needs no definition any more, and it does not say again that they are loaded. */
  readonly #loaded = new Set<string>();
  #running: Running | undefined;

  /** @param onEnd is called as soon as it accepts nothing more, once or more. */
  constructor({ onLine, compileCache }: FunctionPoolOptions, onEnd: () => void) {
    this.#onEnd = onEnd;
    this.#worker = new Worker(new URL('functionWorker.ts', import.meta.url), {
      // Before its first run only: each has its function's variables and no others.
      env: compileCache === undefined ? {} : { NODE_COMPILE_CACHE: compileCache },
      resourceLimits: smallHeap,
    });
    this.#worker.once('online', () => {
      this.isOnline = true;
    });
    this.#worker.on('message', (message: FromWorker) => {
      if ('lines' in message) for (const line of message.lines) onLine(line);
      else if ('loaded' in message) this.#running?.onLoaded();
      else this.#running?.onReport(message);
    });
    // Before the one who waits for its run is told. Without a run, what was thrown behind the last one is only written.
    this.#worker.once('error', ({ name, message }) => {
      onEnd();
      onLine(`ERROR ${name}: ${message}`);
      this.#running?.fail({ errorType: name, errorMessage: `${name}: ${message}`, trace: [] });
    });
    const thread = new Thread(this.#worker.performance);
    threads.add(thread);
    this.#worker.once('exit', (code) => {
      threads.delete(thread);
      onEnd();
      this.#running?.fail({
        errorType: 'Runtime.ExitError',
        errorMessage: `Runtime exited with status ${code} before it answered`,
        trace: [],
      });
    });
  }

  /** Takes JSON and returns JSON. */
  run(
    definition: PooledFunction,
    event: string,
    loadMs: number,
  ): Promise<{ answer: string; durationMs: number }> {
    const { name, timeoutMs } = definition;
    const awsRequestId = randomUUID();
    this.runs += 1;
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      let loadedAt = performance.now();
      const end = () => {
        clearTimeout(timer);
        this.#running = undefined;
      };
      const fail = (failure: FunctionFailure) => {
        end();
        reject(FunctionError.of(name, failure));
      };
      const failLater = (what: string, ms: number) =>
        setTimeout(() => {
          this.end();
          fail({
            errorType: 'Sandbox.Timedout',
            errorMessage: `${awsRequestId} ${what} timed out after ${(ms / 1_000).toFixed(2)} seconds`,
            trace: [],
          });
        }, ms);
      this.#running = {
        fail,
        // The time in which Lambda lets an instance load its modules does not count as the function's time.
        onLoaded: () => {
          this.#loaded.add(name);
          loadedAt = performance.now();
          clearTimeout(timer);
          timer = failLater('Task', timeoutMs);
        },
        onReport: (report) => {
          if ('error' in report) fail(report.error);
          else {
            end();
            resolve({ answer: report.answer, durationMs: performance.now() - loadedAt });
          }
        },
      };
      const isLoaded = this.#loaded.has(name);
      timer = isLoaded ? failLater('Task', timeoutMs) : failLater('Loading', loadMs + timeoutMs);
      const order: Order = { name, event, awsRequestId };
      if (!isLoaded) order.definition = this.#definitionOf(definition);
      this.#worker.postMessage(order);
    });
  }

  #definitionOf({ name, memoryMb, ...rest }: PooledFunction): Definition {
    return {
      ...rest,
      context: {
        functionName: name,
        invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${name}`,
        memoryLimitInMB: String(memoryMb),
        logGroupName: `/aws/lambda/${name}`,
        logStreamName: this.#logStreamName,
      },
    };
  }

  async end(): Promise<void> {
    this.#onEnd();
    await this.#worker.terminate();
  }
}

/** A run that has not ended, and what happens to it. */
type Running = {
  onLoaded(): void;
  onReport(report: Report): void;
  fail(failure: FunctionFailure): void;
};

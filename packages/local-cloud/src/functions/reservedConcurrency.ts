type Invoke = (functionName: string, event: unknown) => Promise<unknown>;

/** What a service's functions may reserve here: nothing at all, so that they do not run. */
export type ReservedConcurrency = {
  /** Runs a function, unless it is closed: then it rejects with an error named `Throttled`, as mappings know it. */
  invoke: Invoke;
  isClosed(functionName: string): boolean;
  /** Resolves when no run is left. Lambda answers at once. */
  close(functionName: string): Promise<void>;
  open(functionName: string): void;
};

/** Functions whose reserved concurrency can be set to 0 and deleted. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html */
export function reservedConcurrency(invoke: Invoke): ReservedConcurrency {
  const closed = new Set<string>();
  const runs = new Map<string, Set<Promise<unknown>>>();
  return {
    async invoke(functionName, event) {
      if (closed.has(functionName)) {
        const message = `${functionName} does not run: its reserved concurrency is 0. \`./fanfold stage start\` lets it run.`;
        throw Object.assign(new Error(message), { name: 'Throttled' });
      }
      const running = runs.get(functionName) ?? new Set();
      runs.set(functionName, running);
      const run = invoke(functionName, event);
      running.add(run);
      try {
        return await run;
      } finally {
        running.delete(run);
      }
    },
    isClosed: (functionName) => closed.has(functionName),
    async close(functionName) {
      closed.add(functionName);
      await Promise.allSettled(runs.get(functionName) ?? []);
    },
    open: (functionName) => void closed.delete(functionName),
  };
}

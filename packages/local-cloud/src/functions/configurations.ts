import type { FunctionPool, PooledFunction } from './functionPool.ts';

type Invoke = (functionName: string, event: unknown) => Promise<unknown>;

/** The variables of a service's functions, which can be changed while they run, as with Lambda's UpdateFunctionConfiguration. */
export type Configurations = {
  /** Runs a function with the variables that it has by now. */
  invoke: Invoke;
  /** Undefined for a function that is not there. */
  variablesOf(functionName: string): Record<string, string> | undefined;
  /** From the next run on a function has these variables and no others. Running invocations are not interrupted. */
  setVariables(functionName: string, variables: Record<string, string>): void;
  /** From now on changed functions run from the current bundles. */
  reload(): void;
  stop(): Promise<void>;
};

type Changed = { pool: FunctionPool; variables: Record<string, string>; runs: Set<Promise<unknown>> };

/**
 * A function whose variables were changed runs in instances of its own, until it has those of its template again: what the functions
 * of a service share in an instance, such as clients, was made with the variables of whichever ran first.
 *
 * @param invoke runs it with the variables of its template
 * @param startPool starts instances for one function
 */
export function configurations(
  functions: PooledFunction[],
  { invoke, startPool }: { invoke: Invoke; startPool: (changed: PooledFunction) => FunctionPool },
): Configurations {
  const byName = new Map(functions.map((each) => [each.name, each]));
  const changed = new Map<string, Changed>();
  const running = new Set<FunctionPool>();

  async function retire(name: string): Promise<void> {
    const before = changed.get(name);
    if (!before) return;
    changed.delete(name);
    await Promise.allSettled(before.runs);
    await before.pool.stop();
    running.delete(before.pool);
  }
  return {
    async invoke(name, event) {
      const own = changed.get(name);
      if (!own) return invoke(name, event);
      const run = own.pool.invoke(name, event);
      own.runs.add(run);
      try {
        return await run;
      } finally {
        own.runs.delete(run);
      }
    },
    variablesOf: (name) => changed.get(name)?.variables ?? byName.get(name)?.environment,
    setVariables(name, variables) {
      const definition = byName.get(name);
      if (!definition) throw new Error(`There is no function ${name}.`);
      void retire(name);
      if (isSame(variables, definition.environment)) return;
      const pool = startPool({ ...definition, environment: variables });
      running.add(pool);
      changed.set(name, { pool, variables, runs: new Set() });
    },
    reload() {
      for (const { pool } of changed.values()) pool.reload();
    },
    async stop() {
      await Promise.all([...running].map((pool) => pool.stop()));
    },
  };
}

const isSame = (one: Record<string, string>, other: Record<string, string>): boolean =>
  Object.keys(one).length === Object.keys(other).length &&
  Object.entries(one).every(([name, value]) => other[name] === value);

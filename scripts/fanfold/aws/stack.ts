import { basePort, findStack, type StackDescription } from '@fanfold/local-cloud/stack';
import { UsageError } from '../errors.ts';

/**
 * The port of the stack that the tool is for.
 *
 * @throws UsageError when FANFOLD_PORT is not a port
 */
export function stackPort(): number {
  try {
    return basePort();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws when no stack is running at FANFOLD_PORT */
export async function runningStack(): Promise<StackDescription> {
  const base = stackPort();
  const stack = await findStack(base);
  if (stack) return stack;
  throw new Error(
    `No stack is running at port ${base}. Start one with \`pnpm dev\`, or set its port: FANFOLD_PORT=4100.`,
  );
}

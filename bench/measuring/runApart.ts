import { fork } from 'node:child_process';
import { once } from 'node:events';

/**
 * Runs a module in a process of its own until it ends, and gives the message that it sends. What functions log there goes
 * nowhere.
 *
 * @param what it is, for the error when it ends without a message
 */
export async function runApart<Message>(
  what: string,
  path: string,
  args: string[],
  env = process.env,
): Promise<Message> {
  const child = fork(path, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env });
  const ended = once(child, 'exit').then(([code]): never => {
    throw new Error(`${what} ended with ${code}`);
  });
  const [message] = await Promise.race([once(child, 'message'), ended]);
  await ended.catch(() => undefined);
  return message;
}

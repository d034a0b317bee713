import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { promisify } from 'node:util';

/** A free port of 127.0.0.1. */
export async function freePort(): Promise<number> {
  return listenOnce(0);
}

/** A base port for a stack: it is free, and so are the ports that are counted from it. */
export async function freeBasePort(): Promise<number> {
  // Below the range of ephemeral ports, which come and go.
  for (;;) {
    const base = randomInt(1_024, 3_276) * 10;
    const taken = await Promise.all([0, 1, 2, 3, 4, 5].map((offset) => complaint(base + offset)));
    if (taken.every((line) => line === undefined)) return base;
  }
}

/**
 * Checks that all these ports of 127.0.0.1 are free.
 *
 * @throws naming each port that is taken and the process that has it, and how to choose other ports.
 */
export async function requireFreePorts(ports: readonly number[]): Promise<void> {
  const complaints = (await Promise.all(ports.map(complaint))).filter((line) => line !== undefined);
  if (complaints.length === 0) return;
  const advice = 'Stop what is there, or choose other ports: FANFOLD_PORT and the five above it are used.';
  throw new Error([...complaints, advice].join('\n'));
}

async function complaint(port: number): Promise<string | undefined> {
  try {
    await listenOnce(port);
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    return `Port ${port} is taken by ${await listener(port)}.`;
  }
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address.port;
}

const run = promisify(execFile);

async function listener(port: number): Promise<string> {
  try {
    const { stdout: pids } = await run('lsof', ['-nP', '-t', `-iTCP:${port}`, '-sTCP:LISTEN']);
    const pid = pids.trim().split('\n')[0] ?? '';
    const { stdout: command } = await run('ps', ['-o', 'args=', '-p', pid]);
    return `${command.trim()} (pid ${pid})`;
  } catch {
    // lsof is not installed, or shows only the processes of the same user.
    return 'another process';
  }
}

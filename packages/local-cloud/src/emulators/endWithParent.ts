import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a program that ends when our end of its standard input closes, which also happens when this process is killed
 * without a chance to clean up: no orphan keeps a port and a file. A temporary folder, if it is not '', goes with it.
 *
 * It has a process group of its own: Ctrl-C in the terminal must not end it before those that use it.
 */
export function spawnEndingWithParent(
  program: string,
  args: string[],
  temporary: string,
  platform = process.platform,
): Child {
  const [command, ...guard] =
    platform === 'win32'
      ? [process.execPath, join(import.meta.dirname, 'endWithParentProcess.ts')]
      : ['sh', '-c', endWithParent, 'sh'];
  return spawn(command as string, [...guard, temporary, program, ...args], {
    detached: true,
    windowsHide: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/**
 * What endWithParentProcess.ts does where there is no shell, in a twentieth of its memory. Nobody reads what the shell says
 * when the parent has gone, which must not end it first.
 */
const endWithParent = `
trap '' PIPE
exec 3<&0
temporary=$1
shift
"$@" &
program=$!
(read -r _ <&3; kill "$program") &
wait "$program"
status=$?
kill $! 2>/dev/null
[ -z "$temporary" ] || rm -r "$temporary"
exit "$status"`;

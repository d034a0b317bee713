import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

export type Child = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Starts a program that ends when this process closes the program's standard input, which also happens when this
 * process is killed. So no orphan keeps ports and files. A temporary folder, if it is not '', is removed with it.
 *
 * The program has a process group of its own: Ctrl-C in the terminal must not end it before its users.
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
 * The shell version of endWithParentProcess.ts, which takes a twentieth of the memory. When the parent is gone nobody
 * reads its output, which must not end it first.
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

/** `node endWithParentProcess.ts <temporary folder or ''> <program> <argument>…`: see endWithParent.ts. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { constants } from 'node:os';

const [temporary = '', program = '', ...args] = process.argv.slice(2);
// When the parent is gone nobody reads the output, which must not end this process first.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});

const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
child.stdout.pipe(process.stdout);
child.stderr.pipe(process.stderr);
child.once('error', (error) => {
  console.error(error.message);
  end(1);
});
child.once('close', (code, signal) => end(code ?? 128 + constants.signals[signal ?? 'SIGKILL']));
for (const over of ['end', 'error', 'close']) process.stdin.once(over, () => child.kill());
process.stdin.resume();

function end(code: number): void {
  if (temporary) rmSync(temporary, { recursive: true, force: true, maxRetries: 10 });
  process.exit(code);
}

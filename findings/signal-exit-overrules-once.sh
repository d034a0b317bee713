#!/usr/bin/env bash
# signal-exit runs a callback when the process ends, by a signal too. It says that it ends the process only if nobody else
# listens for the signal, so one would guess that a program with a handler of its own shuts down as it wants to.
#
# What happens: it counts the listeners when its own one runs. Node takes a listener of `process.once` away before it calls it.
# So a program that shuts down in `process.once('SIGTERM')` looks like one without any handler, and is ended by the same signal
# before its shutdown has done its first asynchronous step. With `process.on` it is not.
#
# Why it matters: nobody asks for signal-exit. It comes with restore-cursor, cli-cursor and ora, as soon as a spinner hides the
# cursor: from then on Ctrl-C leaves locks, messages and child processes of a command behind that used to give them back.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "private": true, "type": "module", "dependencies": { "signal-exit": "4.1.0" } }' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund >&2
cat > program.js <<'JS'
import { onExit } from 'signal-exit';

const [, , how, withSignalExit] = process.argv;
process[how]('SIGTERM', async () => {
  await new Promise((resolve) => setTimeout(resolve, 100));
  console.log('shut down');
  process.exit(0);
});
if (withSignalExit) onExit(() => {});
setInterval(() => {}, 1000);
process.kill(process.pid, 'SIGTERM');
JS
result() { { node program.js "$@" || echo "ended with $?"; } 2> shell-messages; }
alone=$(result once)
once=$(result once yes)
on=$(result on yes)
echo "signal-exit 4.1.0; process.once alone: $alone; process.once beside it: $once; process.on beside it: $on"
[ "$alone" = 'shut down' ] && [ "$once" = 'ended with 143' ] && [ "$on" = 'shut down' ]

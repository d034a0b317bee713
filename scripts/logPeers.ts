/**
 * Has programs of others, in Go, read and witness the log of a stack on this laptop: omniwitness cosigns it, as the stage's only
 * witness, tessera's fsck reads all of it, and torchwood verifies all of it and a proof by the policy. Needs Go, and its module proxy. `node scripts/logPeers.ts`, with FANFOLD_PORT
 * for other ports. Not part of the tests, as it downloads and compiles for minutes.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { signatureTypes } from '@fanfold/tlog/note';
import { keyOf } from '@fanfold/tlog/noteFixtures';
import { startDev } from '../tests/runningStack.ts';

const peers = [
  'github.com/transparency-dev/tessera/cmd/fsck@v1.0.4',
  'github.com/transparency-dev/witness/cmd/omniwitness@v0.0.0-20260720115447-2e1c6971d19e',
];

/** Each step may take so long: the clocks run every minute, and a witness that was away is asked again in the next one. */
const longestMs = 5 * 60_000;

if (spawnSync('go', ['version']).status !== 0) {
  console.error('Go is not here: https://go.dev/dl. Programs of others that read the log are written in it.');
  process.exit(2);
}

const base = Number(process.env.FANFOLD_PORT ?? 4000);
const logUrl = `http://127.0.0.1:${base + 3}`;
// A key of the tests: the witness lives as long as this script.
const [name, number] = ['peers.example/omniwitness', 1];
const { signerKey } = keyOf(name, number);
const { verifierKey } = keyOf(name, number, signatureTypes.cosignatureV1);
const witnessPort = base + 9;

const folder = await mkdtemp(join(tmpdir(), 'fanfold-peers-'));
let witness: ChildProcess | undefined;
let stop: (() => Promise<unknown>) | undefined;
try {
  for (const peer of peers) {
    console.log(`go install ${peer}`);
    execFileSync('go', ['install', peer], { env: { ...process.env, GOBIN: folder }, stdio: 'inherit' });
  }
  // It asks for a newer Go, which Go fetches.
  execFileSync('go', ['build', '-o', join(folder, 'torchwood'), '.'], {
    cwd: join(import.meta.dirname, 'logPeers'),
    env: { ...process.env, GOTOOLCHAIN: 'auto' },
    stdio: 'inherit',
  });
  const stack = await startDev(base, {
    FANFOLD_WITNESSES: `http://127.0.0.1:${witnessPort} ${verifierKey}`,
    FANFOLD_QUORUM: '1',
  });
  stop = stack.stop;
  fanfold('demo');
  const logKey = await until('the log has a first checkpoint', () => fanfold('audit', 'key').trim());

  await writeFile(join(folder, 'witness.key'), signerKey, { mode: 0o600 });
  await writeFile(
    join(folder, 'logs.yaml'),
    `Logs:\n  - Origin: ${logKey.split('+')[0]}\n    PublicKey: ${logKey}\n    URL: ${logUrl}\n`,
  );
  witness = spawn(
    join(folder, 'omniwitness'),
    [
      `--listen=127.0.0.1:${witnessPort}`,
      `--metrics_listen=127.0.0.1:0`,
      `--db_file=${join(folder, 'witness.db')}`,
      `--private_key_path=${join(folder, 'witness.key')}`,
      `--additional_logs=${join(folder, 'logs.yaml')}`,
      '--rest_distro_url=',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );

  await until('omniwitness has cosigned, and readers get its line', async () => {
    const note = await (await fetch(`${logUrl}/checkpoint`)).text();
    if (!note.includes(`\n— ${name} `)) throw new Error(note);
  });
  await writeFile(join(folder, 'policy'), `log ${logKey}\nwitness w ${verifierKey}\nquorum w\n`);
  console.log(fanfold('verify', '--log', logUrl, '--policy', join(folder, 'policy'), '--max-age', '300'));

  await writeFile(join(folder, 'log.key'), logKey);
  // It ends with 0 also when it found something, and may not end on a log that is damaged.
  const { stderr } = spawnSync(
    join(folder, 'fsck'),
    [`--storage_url=${logUrl}`, `--public_key=${join(folder, 'log.key')}`, '--ui=false', '-v=1'],
    { encoding: 'utf8', timeout: longestMs },
  );
  if (!stderr.includes("Successfully fsck'd")) throw new Error(`fsck found:\n${stderr}`);
  console.log("fsck: Successfully fsck'd");

  const headers = { authorization: `Bearer ${fanfold('token').trim()}` };
  const listed = await fetch(`${logUrl}/events?limit=1`, { headers });
  const { data } = (await listed.json()) as { data: { id: string }[] };
  const proof = await fetch(`${logUrl}/events/${data[0]?.id}/proof`, { headers });
  await writeFile(join(folder, 'proof'), await proof.text());
  execFileSync(join(folder, 'torchwood'), [logUrl, join(folder, 'policy'), join(folder, 'proof')], {
    stdio: 'inherit',
  });
} finally {
  witness?.kill();
  await stop?.();
  await rm(folder, { recursive: true });
}

function fanfold(...words: string[]): string {
  const tool = join(import.meta.dirname, 'fanfold.ts');
  return execFileSync(process.execPath, [tool, ...words], {
    env: { ...process.env, FANFOLD_PORT: String(base) },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Tries until it is done. */
async function until<Result>(what: string, attempt: () => Promise<Result> | Result): Promise<Result> {
  console.log(`until ${what}`);
  for (const end = Date.now() + longestMs; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(5000);
    }
  }
}

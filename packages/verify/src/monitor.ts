import { join } from 'node:path';
import { type AgeLimit, checkAges } from './age.ts';
import { type Finding, Findings } from './findings.ts';
import { type Growth, verifyGrowth } from './growth.ts';
import { readCheckpoint } from './log.ts';
import type { LogReader } from './logReader.ts';
import { rememberedFolder, rememberedOf, rememberIn, replaceFile } from './memory.ts';
import { type Checkpoint, openCheckpoint, type TrustedKeys } from './note.ts';
import { noQuorum } from './quorum.ts';
import { howMany, jsonOfCheckpoint, linesOfCheckpoint, linesOfFindings } from './shown.ts';
import { jsonText, printable } from './terminal.ts';
import { ageLimitOf, BadUsage, readerOf, type TrustOptions, trustedKeys } from './usage.ts';
import { VerificationError } from './wrong.ts';

export type MonitorOptions = TrustOptions & {
  /** The newest cosignature may be so many seconds old. */
  maxAge?: string | undefined;
  /** The folder with the checkpoints of earlier runs. */
  state?: string | undefined;
  /** What is not read within so many seconds is given up. */
  timeout?: string | undefined;
  json?: boolean | undefined;
};

/** What is known of a log behind a URL. */
type Seen = { url: string } & (
  | { status: 'unread'; message: string }
  | {
      status: 'sound' | 'unsound';
      findings: Finding[];
      findingCount: number;
      /** If it is one that the log has signed. */
      checkpoint: Checkpoint | undefined;
      /** The size of the checkpoint that the log continues, and what was read since. */
      continues: number | undefined;
      growth: Growth | undefined;
      /** The file with two checkpoints that contradict each other. */
      evidence: string | undefined;
    }
);

const exitCodes = { sound: 0, unsound: 1, unread: 2 } as const;
const usualTimeoutSeconds = 3600;

/**
 * `fanfold monitor`: verifies what is new in logs since the last time, and prints what is wrong. Several URLs of one log
 * are views of it, which must be one history.
 *
 * @returns the exit code: 0 all are sound, 1 one is unsound, 2 one could not be read, or it was used wrongly
 */
export async function monitor(urls: readonly string[], options: MonitorOptions): Promise<0 | 1 | 2> {
  const done = new AbortController();
  try {
    const trusted = await trustedKeys(options);
    const ageLimit = ageLimitOf(options, trusted);
    const timeoutSeconds = timeoutOf(options);
    if (urls.length === 0) throw new BadUsage('Give the URL of a log, or several.');
    const signal = AbortSignal.any([AbortSignal.timeout(timeoutSeconds * 1000), done.signal]);
    const readers = await Promise.all(urls.map((url) => readerOf(url, url, signal)));
    const run = new Run({ ...options, trusted, ageLimit, timeoutSeconds, signal });
    const seen = await run.see(readers);
    const status = (['unsound', 'unread', 'sound'] as const).find((each) =>
      seen.some((log) => log.status === each),
    );
    const now = new Date();
    const lines = seen.flatMap((log) => linesOf(log, now)).map(printable);
    console.log(
      options.json ? jsonText({ status, logs: seen.map((log) => jsonOf(log, now)) }) : lines.join('\n'),
    );
    return exitCodes[status ?? 'unread'];
  } catch (error) {
    console.error(printable((error as Error).message));
    return 2;
  } finally {
    done.abort();
  }
}

function timeoutOf({ timeout = String(usualTimeoutSeconds) }: MonitorOptions): number {
  if (/^[1-9]\d{0,5}$/.test(timeout)) return Number(timeout);
  throw new BadUsage('--timeout: It is a whole number of seconds from 1 to 999999.');
}

/** A log whose checkpoint was read. */
type Opened = { reader: LogReader; checkpoint: Checkpoint };

type Settings = MonitorOptions & {
  trusted: TrustedKeys;
  ageLimit: AgeLimit | undefined;
  timeoutSeconds: number;
  signal: AbortSignal;
};

class Run {
  readonly #settings: Settings;
  readonly #seen = new Map<LogReader, Seen>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Each log by itself, and the views of one log one after the other, from the shortest to the longest. */
  async see(readers: LogReader[]): Promise<Seen[]> {
    const opened = await Promise.all(readers.map((reader) => this.#open(reader)));
    const ofOrigin = Object.groupBy(
      opened.filter((each) => each !== undefined),
      ({ checkpoint }) => checkpoint.origin,
    );
    await Promise.all(
      Object.entries(ofOrigin).map(([origin, views = []]) =>
        this.#follow(
          origin,
          views.sort((a, b) => a.checkpoint.size - b.checkpoint.size),
        ),
      ),
    );
    return readers.map((reader) => this.#seen.get(reader) as Seen);
  }

  async #open(reader: LogReader): Promise<Opened | undefined> {
    try {
      // Whether the quorum has signed is a finding beside others.
      const checkpoint = await readCheckpoint(reader, { ...this.#settings.trusted, quorum: noQuorum });
      return { reader, checkpoint };
    } catch (error) {
      if (error instanceof VerificationError) {
        const findings = new Findings();
        findings.add('checkpoint', error.part, error.message.slice(`${error.part}: `.length));
        this.#note(reader, findings, {});
      } else this.#noteUnread(reader, error as Error);
      return undefined;
    }
  }

  /** Remembers the longest view when each that could be read is sound, so that the next run begins behind it. */
  async #follow(origin: string, views: Opened[]): Promise<void> {
    const { trusted, state = rememberedFolder } = this.#settings;
    try {
      let newest = await rememberedOf(trusted, origin, state);
      for (const view of views) {
        if ((await this.#check(view, newest)) === 'sound') newest = view.checkpoint;
      }
      const areSound = views.every(({ reader }) => this.#seen.get(reader)?.status !== 'unsound');
      if (newest && areSound) await rememberIn(state, newest, trusted);
    } catch (error) {
      for (const { reader } of views) this.#noteUnread(reader, error as Error);
    }
  }

  async #check({ reader, checkpoint }: Opened, before: Checkpoint | undefined): Promise<Seen['status']> {
    const { trusted, ageLimit, signal, state = rememberedFolder } = this.#settings;
    const findings = new Findings();
    try {
      await openCheckpoint(checkpoint.text, trusted).catch((error: VerificationError) => {
        findings.add('quorum', 'checkpoint', error.message.slice(`${error.part}: `.length));
      });
      if (ageLimit) checkAges(checkpoint, ageLimit, findings, []);
      const growth = await verifyGrowth(reader, checkpoint, before, findings, signal);
      const isForked = before && findings.first.some(({ kind }) => kind === 'forked');
      const evidence = isForked ? await evidenceIn(state, before, checkpoint) : undefined;
      return this.#note(reader, findings, { checkpoint, continues: before?.size, growth, evidence });
    } catch (error) {
      return this.#noteUnread(reader, error as Error);
    }
  }

  #note(
    reader: LogReader,
    { first, count }: Findings,
    { checkpoint, continues, growth, evidence }: Partial<Extract<Seen, { findings: unknown }>>,
  ): Seen['status'] {
    const status = count === 0 ? 'sound' : 'unsound';
    const known = { checkpoint, continues, growth, evidence };
    this.#seen.set(reader, { url: reader.name, status, findings: first, findingCount: count, ...known });
    return status;
  }

  #noteUnread(reader: LogReader, { message }: Error): Seen['status'] {
    const { signal, timeoutSeconds } = this.#settings;
    const late = `It could not be read within ${timeoutSeconds} seconds. --timeout gives it more.`;
    this.#seen.set(reader, { url: reader.name, status: 'unread', message: signal.aborted ? late : message });
    return 'unread';
  }
}

/** Keeps two checkpoints that contradict each other: with both signatures, they prove it to anybody. */
async function evidenceIn(folder: string, before: Checkpoint, now: Checkpoint): Promise<string> {
  const file = join(folder, `${now.signedBy[0]?.id}.forked`);
  await replaceFile(file, `${before.text}\n${now.text}`);
  return file;
}

const jsonOf = (seen: Seen, now: Date): object =>
  seen.status === 'unread'
    ? seen
    : {
        url: seen.url,
        status: seen.status,
        ...(seen.checkpoint && jsonOfCheckpoint(seen.checkpoint, now)),
        continues: seen.continues ?? null,
        newEntries: seen.growth?.entries ?? null,
        newAuditEntries: seen.growth?.auditEntries ?? null,
        findingCount: seen.findingCount,
        findings: seen.findings,
        evidence: seen.evidence ?? null,
      };

function linesOf(seen: Seen, now: Date): string[] {
  if (seen.status === 'unread') return [`NOT READ: ${seen.url}`, `  ${seen.message}`];
  const { url, status, checkpoint, continues, growth, evidence } = seen;
  const lines = [
    ...linesOfFindings(seen),
    ...(evidence ? [`evidence  ${evidence}: both checkpoints`] : []),
    ...(status === 'sound' && checkpoint && growth ? [entriesOf(checkpoint, continues, growth)] : []),
    ...(checkpoint ? linesOfCheckpoint(checkpoint, now) : []),
  ];
  const meaning = status === 'sound' ? `sound: ${url}` : `UNSOUND: ${url}, ${howMany(seen.findingCount)}`;
  return [meaning, ...lines.map((line) => `  ${line}`)];
}

function entriesOf({ size }: Checkpoint, continues: number | undefined, growth: Growth): string {
  const { entries, auditEntries } = growth;
  const since =
    continues === undefined
      ? 'all read: from now on its past cannot change unseen'
      : `${entries} new since the ${continues} that were verified before`;
  const form =
    auditEntries === 0 && entries > 0 ? ', of a log whose entries are not those of an audit log' : '';
  return `entries   ${size}, ${since}${form}`;
}

import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type AgeLimit, ageSeconds, durationOf, usualMaxAgeSeconds } from './age.ts';
import { base64Of, textOf } from './bytes.ts';
import { type NamedFile, nameOf, verifyDocument } from './document.ts';
import { type LogReport, verifyLog } from './log.ts';
import type { LogReader } from './logReader.ts';
import { type Checkpoint, openCheckpoint, parseKey, type TrustedKeys, type VerifierKey } from './note.ts';
import { maxProofFileBytes, type Proven, verifyProofFile } from './proof.ts';
import { folderReader, urlReader } from './reader.ts';
import { VerificationError } from './wrong.ts';

export type VerifyOptions = {
  /** A log, or its URL or folder, instead of a proof file. */
  log?: string | LogReader | undefined;
  /** A file that the event of the proof must name by its hash. */
  document?: string | undefined;
  /** vkeys of the log, and of witnesses. */
  key?: string[] | undefined;
  witness?: string[] | undefined;
  /** Where the last verified checkpoint is stored; by default in one file for each key. */
  remember?: string | undefined;
  /** Of a whole log: it is wrong when a witness has not signed for more seconds than this. */
  maxAge?: string | undefined;
  json?: boolean | undefined;
  /** Called with the number of verified entries of a whole log. By default a terminal shows it in a line. */
  onProgress?: (entries: number, size: number) => void;
};

/** The command was used wrongly. The message says what to do. */
class BadUsage extends Error {}

/** Relative to the working folder, which is that of the repository for `fanfold`. */
const rememberedFolder = join('.fanfold', 'verified');

/**
 * `fanfold verify`: verifies a proof file, or a whole log, and prints the result.
 *
 * @returns the exit code: 0 verified, 1 wrong or unreadable, 2 bad usage
 */
export async function verify(file: string | undefined, options: VerifyOptions): Promise<0 | 1 | 2> {
  try {
    const keys = await trustedKeys(options);
    if ((file === undefined) === (options.log === undefined)) {
      throw new BadUsage('Give either a proof file or --log <url or folder>.');
    }
    if (file !== undefined) {
      if (options.remember !== undefined)
        throw new BadUsage('--remember is for --log: a proof needs no memory.');
      if (options.maxAge !== undefined)
        throw new BadUsage('--max-age is for --log: a proof stays valid for ever.');
      const proven = await provenOf(file, keys);
      const document =
        options.document === undefined ? undefined : await documentOf(options.document, proven);
      print({ ...proven, document }, options, jsonOfProof, linesOfProof);
      return 0;
    }
    if (options.document !== undefined)
      throw new BadUsage('--document is for a proof file: give that of the event which names the document.');
    const ageLimit = ageLimitOf(options, keys);
    const { report, wasRemembered } = await reportOf(options, keys, ageLimit);
    print(
      report,
      options,
      (each) => jsonOfReport(each, ageLimit.now),
      (each) => linesOfReport(each, wasRemembered, ageLimit.now),
    );
    return report.findingCount === 0 ? 0 : 1;
  } catch (error) {
    const { message } = error as Error;
    console.error(printable(message));
    if (error instanceof BadUsage) return 2;
    const part = error instanceof VerificationError ? error.part : null;
    if (options.json) console.log(jsonText({ verified: false, part, error: message }));
    return 1;
  }
}

async function trustedKeys({ key = [], witness = [] }: VerifyOptions): Promise<Required<TrustedKeys>> {
  const parse = async (option: string, kind: VerifierKey['kind'], text: string) => {
    const parsed = await parseKey(text).catch((error: Error) => {
      throw new BadUsage(`${option}: ${error.message}`);
    });
    if (parsed.kind === kind) return parsed;
    const other = kind === 'log' ? 'a witness: give it with --witness' : 'a log: give it with --key';
    throw new BadUsage(`${option}: It is the key of ${other}.`);
  };
  if (key.length === 0)
    throw new BadUsage("Give the log's key: --key <vkey>, as `fanfold audit key` prints it.");
  return {
    keys: await Promise.all(key.map((text) => parse('--key', 'log', text))),
    witnessKeys: await Promise.all(witness.map((text) => parse('--witness', 'witness', text))),
  };
}

function ageLimitOf({ maxAge }: VerifyOptions, { witnessKeys }: Required<TrustedKeys>): AgeLimit {
  const now = new Date();
  if (maxAge === undefined) return { now, maxAgeSeconds: usualMaxAgeSeconds, isDemanded: false };
  if (!/^[1-9]\d{0,8}$/.test(maxAge))
    throw new BadUsage('--max-age: It is a whole number of seconds from 1 to 999999999.');
  if (witnessKeys.length > 0) return { now, maxAgeSeconds: Number(maxAge), isDemanded: true };
  throw new BadUsage(
    "--max-age needs --witness <vkey>: only a witness's signature has a time. `fanfold audit key --witness` prints its key.",
  );
}

async function provenOf(file: string, keys: TrustedKeys): Promise<Proven> {
  const bytes = await folderReader(dirname(file))
    .read(basename(file), maxProofFileBytes)
    .catch((error: Error) => {
      throw new BadUsage(`${file} cannot be read: ${error.message}`);
    });
  if (!bytes) throw new BadUsage(`There is no file ${file}.`);
  if (bytes.length > maxProofFileBytes) throw new VerificationError('proof file', 'is larger than any proof');
  return verifyProofFile(textOf(bytes, 'proof file'), keys);
}

/** A file of a document, and which of those that the event names it is. */
type NamedDocument = NamedFile & { file: string };

async function documentOf(file: string, proven: Proven): Promise<NamedDocument> {
  const sha256 = await sha256OfFile(file).catch((error: Error) => {
    throw new BadUsage(`${file} cannot be read: ${error.message}`);
  });
  return { file, ...verifyDocument(sha256, proven.event) };
}

/** The SHA-256 of a file, in hexadecimal. */
async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function reportOf(options: VerifyOptions, keys: Required<TrustedKeys>, ageLimit: AgeLimit) {
  const { log } = options;
  const reader = typeof log === 'object' ? log : await readerOf(log as string);
  const files = options.remember ? [options.remember] : keys.keys.map(({ id }) => join(rememberedFolder, id));
  const known = await Promise.all(files.map((file) => rememberedIn(file, keys)));
  const remembered = newestOf(known);
  const report = await verifyLog(reader, {
    ...keys,
    remembered: remembered?.text,
    ageLimit,
    onProgress: options.onProgress ?? progress(),
  });
  if (report.findingCount === 0) {
    const signers = report.checkpoint.signedBy.map(({ id }) => join(rememberedFolder, id));
    for (const file of options.remember ? files : signers) await remember(file, report.checkpoint, keys);
  }
  return { report, wasRemembered: remembered !== undefined };
}

async function readerOf(log: string): Promise<LogReader> {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(log)) {
    const url = URL.canParse(log) ? new URL(log) : undefined;
    if (url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username)
      return urlReader(log);
    throw new BadUsage(
      '--log: It is the URL (http or https) below which a log has its checkpoint, or a folder.',
    );
  }
  const found = await stat(log).catch(() => undefined);
  if (found?.isDirectory()) return folderReader(log);
  throw new BadUsage(`--log: There is no folder ${log}. A URL begins with http:// or https://.`);
}

async function rememberedIn(file: string, keys: TrustedKeys): Promise<Checkpoint | undefined> {
  const bytes = await folderReader(dirname(file)).read(basename(file), 65_536);
  if (!bytes) return undefined;
  try {
    return await openCheckpoint(textOf(bytes, 'checkpoint'), { keys: keys.keys });
  } catch (error) {
    throw new BadUsage(
      `What ${file} remembers is no checkpoint of this key (${(error as Error).message}). ` +
        'Give the key that it was verified with too, or another --remember.',
    );
  }
}

const newestOf = (checkpoints: (Checkpoint | undefined)[]): Checkpoint | undefined =>
  checkpoints.reduce((newest, each) => (each && each.size >= (newest?.size ?? 0) ? each : newest), undefined);

/** Replaces the stored checkpoint, completely or not at all, unless another run has stored a later one meanwhile. */
async function remember(file: string, checkpoint: Checkpoint, keys: TrustedKeys): Promise<void> {
  const now = await rememberedIn(file, keys);
  if (now && now.size > checkpoint.size) return;
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomUUID()}`;
  await writeFile(temporary, checkpoint.text, { flush: true });
  await rename(temporary, file);
}

/** One line on a terminal that shows the progress. */
function progress(): (entries: number, size: number) => void {
  if (!process.stderr.isTTY) return () => undefined;
  let shownAt = 0;
  return (entries, size) => {
    if (entries < size && Date.now() - shownAt < 200) return;
    shownAt = Date.now();
    process.stderr.write(entries < size ? `\r${entries} of ${size} entries` : '\r\x1b[K');
  };
}

function print<Result>(
  result: Result,
  { json }: VerifyOptions,
  jsonOf: (result: Result) => object,
  linesOf: (result: Result) => string[],
): void {
  console.log(json ? jsonText(jsonOf(result)) : linesOf(result).map(printable).join('\n'));
}

/**
 * Makes a line safe for a terminal, so that a log cannot move its cursor, change the direction of text or begin
 * another line. (The operator's tool has the same function. This one is separate, because the verifier uses no other
 * code of Fanfold.)
 */
const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (each) => `\\u{${each.codePointAt(0)?.toString(16)}}`);

/** The same for programs, with JSON's escapes. */
const jsonText = (value: object): string =>
  JSON.stringify(value, null, 2).replace(/[^\P{C}\n]|[\p{Zl}\p{Zp}]/gu, (each) =>
    each
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );

const keyOf = ({ name, id }: VerifierKey): string => `${name}+${id}`;

const jsonOfCheckpoint = ({ origin, size, root, signedBy, witnessedBy }: Checkpoint) => ({
  origin,
  size,
  root: base64Of(root),
  keys: signedBy.map(keyOf),
  witnesses: witnessedBy.map(({ key, time }) => ({ key: keyOf(key), time: time.toISOString() })),
});

const linesOfCheckpoint = (
  { origin, signedBy, witnessedBy }: Checkpoint,
  ageOf: (time: Date) => string = () => '',
): string[] => [
  `log       ${origin}`,
  ...signedBy.map((key) => `key       ${keyOf(key)}`),
  ...witnessedBy.map(({ key, time }) => `witness   ${keyOf(key)}, at ${time.toISOString()}${ageOf(time)}`),
];

type ProvenWithDocument = Proven & { document: NamedDocument | undefined };

const jsonOfProof = ({ index, checkpoint, entry, event, document }: ProvenWithDocument) => ({
  verified: true,
  ...(document && { document }),
  index,
  ...jsonOfCheckpoint(checkpoint),
  entry,
  erased: event === 'erased',
  event: event === 'erased' ? null : event,
});

function linesOfProof({ index, checkpoint, entry, event, document }: ProvenWithDocument): string[] {
  const meaning =
    event === 'erased'
      ? `verified: there was such an event, and it is entry ${index} of the log; its text was erased`
      : `verified: this event, to the letter, is entry ${index} of the log`;
  const ofEvent =
    event === 'erased'
      ? []
      : [`event     ${event.id}`, `merchant  ${event.merchantid}`, `subject   ${event.subject}`];
  const lines = [
    ...(document ? [`document  ${document.file}: ${nameOf(document)}, to the byte`] : []),
    ...ofEvent,
    `type      ${entry.type}`,
    `time      ${entry.time}, recorded ${entry.recordedtime}`,
    `index     ${index} of ${checkpoint.size}`,
    ...linesOfCheckpoint(checkpoint),
  ];
  return [meaning, ...lines.map((line) => `  ${line}`)];
}

const jsonOfReport = (
  { checkpoint, rememberedSize, findings, findingCount, warnings }: LogReport,
  now: Date,
) => ({
  verified: findingCount === 0,
  ...jsonOfCheckpoint(checkpoint),
  witnesses: checkpoint.witnessedBy.map(({ key, time }) => ({
    key: keyOf(key),
    time: time.toISOString(),
    ageSeconds: ageSeconds(time, now),
  })),
  rememberedSize: rememberedSize ?? null,
  findingCount,
  findings,
  warnings,
});

function linesOfReport(report: LogReport, wasRemembered: boolean, now: Date): string[] {
  const { checkpoint, rememberedSize, findings, findingCount, warnings } = report;
  const { size, origin } = checkpoint;
  const memory = wasRemembered
    ? `continues the ${rememberedSize} entries that were verified before`
    : 'nothing was remembered of this log; from now on its past cannot change unseen';
  const meaning =
    findingCount === 0
      ? [`verified: all ${size} entries of ${origin} are those that were signed`, `  memory    ${memory}`]
      : [
          `WRONG: ${findingCount} ${findingCount === 1 ? 'finding' : 'findings'} in ${origin}, of ${size} entries`,
        ];
  const hidden = findingCount - findings.length;
  const ageOf = (time: Date) => {
    const age = ageSeconds(time, now);
    return age < 0 ? '' : `, ${durationOf(age)} ago`;
  };
  return [
    ...meaning,
    ...findings.map(({ where, message }) => `  ${where}: ${message}`),
    ...(hidden > 0 ? [`  and ${hidden} more`] : []),
    ...linesOfCheckpoint(checkpoint, ageOf).map((line) => `  ${line}`),
    ...(checkpoint.witnessedBy.length === 0 ? [`  ${ageUnknown}`] : []),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

const ageUnknown =
  'age       not known: only a witness signs with the time, and none was given with --witness';

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type AgeLimit, usualMaxAgeSeconds } from './age.ts';
import { textOf } from './bytes.ts';
import { type NamedFile, nameOf, verifyDocument } from './document.ts';
import { type LogReport, readCheckpoint, verifyLog } from './log.ts';
import type { LogReader } from './logReader.ts';
import {
  NotRemembered,
  rememberAs,
  rememberedAs,
  rememberedFolder,
  rememberedOf,
  rememberIn,
} from './memory.ts';
import type { TrustedKeys } from './note.ts';
import { maxProofFileBytes, type Proven, verifyProofFile } from './proof.ts';
import { folderReader } from './reader.ts';
import { howMany, jsonOfCheckpoint, linesOfCheckpoint, linesOfFindings } from './shown.ts';
import { jsonText, printable } from './terminal.ts';
import { ageLimitOf, BadUsage, readerOf, trustedKeys } from './usage.ts';
import { VerificationError } from './wrong.ts';

export type VerifyOptions = {
  /** A log, or its URL or folder, instead of a proof file. */
  log?: string | LogReader | undefined;
  /** A file that the event of the proof must name by its hash. */
  document?: string | undefined;
  /** vkeys of the log, and of witnesses, each of which must have signed. */
  key?: string[] | undefined;
  witness?: string[] | undefined;
  /** Instead, a file that names logs, witnesses and a quorum of them: https://c2sp.org/tlog-policy */
  policy?: string | undefined;
  /** Where the last verified checkpoint is stored; by default in one file for each key. */
  remember?: string | undefined;
  /** Of a whole log: it is wrong when a witness has not signed for more seconds than this. */
  maxAge?: string | undefined;
  json?: boolean | undefined;
  /** Called with the number of verified entries of a whole log. By default a terminal shows it in a line. */
  onProgress?: (entries: number, size: number) => void;
};

/**
 * `fanfold verify`: verifies a proof file, or a whole log, and prints the result.
 *
 * @returns the exit code: 0 verified, 1 wrong, 2 not to be read, or used wrongly
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
    const ageLimit = ageLimitOf(options, keys) ?? {
      ...{ now: new Date(), maxAgeSeconds: usualMaxAgeSeconds, isDemanded: false },
      of: options.policy === undefined ? 'each' : 'newest',
    };
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
    const hint = 'Give the key that it was verified with too, or another --remember.';
    console.error(printable(error instanceof NotRemembered ? `${message} ${hint}` : message));
    if (error instanceof BadUsage || error instanceof NotRemembered) return 2;
    const part = error instanceof VerificationError ? error.part : null;
    if (options.json) console.log(jsonText({ verified: false, part, error: message }));
    return part === null ? 2 : 1;
  }
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

async function reportOf(options: VerifyOptions, keys: TrustedKeys, ageLimit: AgeLimit) {
  const { log, remember } = options;
  const reader = typeof log === 'object' ? log : await readerOf('--log', log as string);
  const checkpoint = await readCheckpoint(reader, keys);
  const remembered =
    remember === undefined
      ? await rememberedOf(keys, checkpoint.origin, rememberedFolder)
      : await rememberedAs(remember, keys);
  const report = await verifyLog(reader, {
    ...keys,
    checkpoint,
    remembered: remembered?.text,
    ageLimit,
    onProgress: options.onProgress ?? progress(),
  });
  if (report.findingCount === 0) {
    if (remember === undefined) await rememberIn(rememberedFolder, checkpoint, keys);
    else await rememberAs(remember, checkpoint, keys);
  }
  return { report, wasRemembered: remembered !== undefined };
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
  ...jsonOfCheckpoint(checkpoint, now),
  rememberedSize: rememberedSize ?? null,
  findingCount,
  findings,
  warnings,
});

function linesOfReport(report: LogReport, wasRemembered: boolean, now: Date): string[] {
  const { checkpoint, rememberedSize, findingCount, warnings } = report;
  const { size, origin } = checkpoint;
  const memory = wasRemembered
    ? `continues the ${rememberedSize} entries that were verified before`
    : 'nothing was remembered of this log; from now on its past cannot change unseen';
  const meaning =
    findingCount === 0
      ? [`verified: all ${size} entries of ${origin} are those that were signed`, `  memory    ${memory}`]
      : [`WRONG: ${howMany(findingCount)} in ${origin}, of ${size} entries`];
  return [
    ...meaning,
    ...linesOfFindings(report).map((line) => `  ${line}`),
    ...linesOfCheckpoint(checkpoint, now).map((line) => `  ${line}`),
    ...(checkpoint.witnessedBy.length === 0 ? [`  ${ageUnknown}`] : []),
    ...warnings.map((warning) => `warning: ${warning}`),
  ];
}

const ageUnknown =
  'age       not known: only a witness signs with the time, and none of those given has signed it';

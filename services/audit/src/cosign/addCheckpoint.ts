import { encodeBase64, parseUint64 } from '@fanfold/tlog/encoding';
import { assembleNote, NoteError, openNote } from '@fanfold/tlog/note';
import type { Witness } from '@fanfold/tlog/witnesses';
import { textOf } from '../publish/checkpoint.ts';

// The call of https://c2sp.org/tlog-witness@v1.0.0 by which a log gets a cosignature. Nothing of an answer is believed that the
// witness's key has not signed, except the size that it remembers.

export type Request = {
  /** The size of the checkpoint that the witness cosigned last; 0 when that is not known. */
  oldSize: number;
  /** From the old size to that of the checkpoint. */
  proof: readonly Uint8Array[];
  /** The checkpoint, signed by the log. */
  note: string;
};

export type Answer =
  /** The witness's signature line, verified, and its time in seconds since 1970. */
  | { kind: 'cosigned'; line: string; timestamp: number }
  /** It has cosigned another size than the old one. */
  | { kind: 'conflict'; size: number }
  /** It answered something that does not change by asking again. */
  | { kind: 'refused'; detail: string }
  /** It may answer another time. */
  | { kind: 'unavailable'; detail: string };

/** How long a witness may take, until the last byte of its answer. */
const timeoutMs = 5000;

/** Room for several cosignatures of the largest kind, of 3.4 KB. */
const maxAnswerBytes = 16 * 1024;

/** How far the clock of a witness may be ahead. Its time counts as freshness, so that it may not be in the future at will. */
const maxAheadSeconds = 300;

/** Asks a witness for a cosignature. Never throws because of what the witness does. */
export async function addCheckpoint(witness: Witness, request: Request, now: Date): Promise<Answer> {
  let answer: Response;
  let text: string;
  try {
    answer = await fetch(`${witness.url}/add-checkpoint`, {
      method: 'POST',
      headers: { 'Content-Type': 'text/plain; charset=utf-8' },
      body: bodyOf(request),
      // It would lead to somebody else than the stage has named.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    text = await readText(answer);
  } catch (error) {
    if (error instanceof TooLarge) return { kind: 'refused', detail: error.message };
    return { kind: 'unavailable', detail: describe(error) };
  }
  const { status } = answer;
  if (status === 200) return cosignatureIn(text, witness, request.note, now);
  if (status === 409) return conflictIn(text, answer.headers.get('content-type'));
  const detail = `answered ${status}${meaning[status] ?? ''}`;
  return { kind: mayPass(status) ? 'unavailable' : 'refused', detail };
}

const bodyOf = ({ oldSize, proof, note }: Request): string =>
  `old ${oldSize}\n${proof.map((hash) => `${encodeBase64(hash)}\n`).join('')}\n${note}`;

/** What the statuses of the text say to an operator. */
const meaning: Record<number, string> = {
  400: ': it does not understand the request',
  403: ': it trusts none of the keys that signed the checkpoint. Give its operator the key that ./fanfold audit key prints',
  404: ': it does not know this log. Ask its operator to add it',
  422: ': the tree that it has cosigned is not the beginning of the published one. Two trees of this log were shown: see "A witness refuses" in docs/audit-log.md',
};

/** https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9, https://www.rfc-editor.org/rfc/rfc6585#section-4 */
const mayPass = (status: number): boolean => status >= 500 || [408, 425, 429].includes(status);

/** The line by the witness's key. Others are dropped, whatever they are, so an answer adds one line at most. */
function cosignatureIn(text: string, { verifierKey }: Witness, note: string, now: Date): Answer {
  let newest: { line: string; timestamp: number } | undefined;
  for (const content of text.split('\n')) {
    const line = `${content}\n`;
    const timestamp = timeOf(line, verifierKey, note);
    if (timestamp !== undefined && timestamp > (newest?.timestamp ?? 0)) newest = { line, timestamp };
  }
  if (!newest)
    return { kind: 'refused', detail: 'answered 200 without a cosignature of the checkpoint by its key' };
  if (newest.timestamp > now.getTime() / 1000 + maxAheadSeconds) {
    return { kind: 'refused', detail: `cosigned at ${newest.timestamp}, which is in the future` };
  }
  return { kind: 'cosigned', ...newest };
}

/** When a line's signature was made; undefined when it is none of the checkpoint by this key. */
function timeOf(line: string, verifierKey: string, note: string): number | undefined {
  try {
    const [signature] = openNote(assembleNote(textOf(note), [line]), [verifierKey]).signatures;
    return Number(signature?.timestamp);
  } catch (error) {
    if (error instanceof NoteError) return undefined;
    throw error;
  }
}

/** Without a size, the older text of the protocol says by it that the witness has cosigned another tree of this size. */
function conflictIn(text: string, contentType: string | null): Answer {
  const size = /^text\/x\.tlog\.size\b/.test(contentType ?? '') ? parseUint64(text.trimEnd()) : undefined;
  if (size === undefined || size > Number.MAX_SAFE_INTEGER) {
    return { kind: 'refused', detail: 'answered 409 without the size that it has cosigned' };
  }
  return { kind: 'conflict', size: Number(size) };
}

class TooLarge extends Error {}

async function readText({ status, body }: Response): Promise<string> {
  if (status !== 200 && status !== 409) {
    await body?.cancel();
    return '';
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxAnswerBytes) throw new TooLarge(`answered more than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** `fetch` has what happened in the cause of its error. */
function describe(error: unknown): string {
  const { cause, message, name } = error as Error & { cause?: { code?: string; message?: string } };
  if (name === 'TimeoutError') return `did not answer within ${timeoutMs} ms`;
  return `did not answer: ${cause?.code || cause?.message || message}`;
}

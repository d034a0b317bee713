import { VerificationError } from './wrong.ts';

/** A file that an event names by the SHA-256 of its bytes, in hexadecimal: the PDF or an XML file of a document. */
export type NamedFile = { format: string; profile: string | null; sha256: string };

/**
 * The files that the data of an event names: one in the data itself, as `invoice.rendered.v1` has it, or several in
 * `documents`, as `invoice.issued.v1` has them.
 */
export function filesNamedIn(data: unknown): NamedFile[] {
  const { documents } = Object(data) as { documents?: unknown };
  return [data, ...(Array.isArray(documents) ? documents : [])].flatMap((each) => {
    const { format, profile, sha256 } = Object(each) as Record<string, unknown>;
    const isFile = typeof format === 'string' && typeof sha256 === 'string' && /^[0-9a-f]{64}$/.test(sha256);
    return isFile ? [{ format, profile: typeof profile === 'string' ? profile : null, sha256 }] : [];
  });
}

/**
 * Which of the files that a proven event names this one is, by its hash.
 *
 * @throws VerificationError when it is none of them
 */
export function verifyDocument(
  sha256: string,
  event: { id: string; type: string; files: NamedFile[] } | 'erased',
): NamedFile {
  if (event === 'erased')
    throw new VerificationError('document', 'the text of the event was erased, and with it the hash');
  const found = event.files.find((file) => file.sha256 === sha256);
  if (found) return found;
  const names =
    event.files.length === 0 ? 'no file' : `only these files: ${event.files.map(nameOf).join('; ')}`;
  throw new VerificationError(
    'document',
    `its SHA-256 is ${sha256}, and ${event.id} (${event.type}) names ${names}. The file was changed, or another event ` +
      'names it: XML files are named by the event of type issued, and the PDF by that of type rendered',
  );
}

/** For people, such as `ubl, profile peppol`. */
export const nameOf = ({ format, profile }: NamedFile): string =>
  profile === null ? format : `${format}, profile ${profile}`;

import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { electronicObstacleOf, missingFor } from '@fanfold/invoicing/available';
import { ciiOf } from '@fanfold/invoicing/cii';
import type { TaxDocument } from '@fanfold/invoicing/document';
import { type Form, forms } from '@fanfold/invoicing/profile';
import { ublOf } from '@fanfold/invoicing/ubl';

/** An XML file of a document, by the SHA-256 of its bytes. */
export type XmlFile = { format: Form['syntax']; profile: Form['profile']; sha256: string };

/** Whether a document is there for accounting systems; otherwise why not, in words. */
export type Electronic = { available: boolean; reason: string | null };

/** What is stored in a bucket: bytes under a key that follows from them, so that no other bytes are ever there. */
export type StoredFile = { key: string; bytes: Uint8Array; contentType: string };

/** A document in XML, as it is issued: what it says of its files, and the object that has them all. */
export type Written = { electronic: Electronic; documents: XmlFile[]; file: StoredFile | null };

/**
 * Writes a document in each form that its data fill. It is done once, before the document is issued: from then on the bytes
 * are what was issued, whatever becomes of the code that wrote them.
 */
export function writeForms(document: TaxDocument): Written {
  const obstacle = electronicObstacleOf(document);
  if (obstacle !== null)
    return { electronic: { available: false, reason: obstacle }, documents: [], file: null };
  const texts: Record<string, string> = {};
  const documents = forms
    .filter((form) => missingFor(form, document).length === 0)
    .map(({ syntax, profile }) => {
      const text = syntax === 'ubl' ? ublOf(document, profile) : ciiOf(document, profile);
      const hash = sha256(text);
      texts[hash] = text;
      return { format: syntax, profile, sha256: hash };
    });
  const bytes = gzipSync(JSON.stringify(texts));
  return {
    electronic: { available: true, reason: null },
    documents,
    file: { key: keyOfForms(documents), bytes, contentType: 'application/gzip' },
  };
}

/**
 * One object has all XML files of a document: a request costs more than what is stored. Its key is a hash of their hashes,
 * which are in the event of the issue too, so that what was issued is found by the event alone.
 */
export const keyOfForms = (documents: XmlFile[]): string =>
  `xml/${sha256(documents.map(({ format, profile, sha256 }) => `${format} ${profile} ${sha256}\n`).join(''))}.json.gz`;

/** @throws Error when the object does not have the file that was issued */
export function xmlIn(object: Uint8Array, { sha256: hash }: XmlFile): Buffer {
  const texts = JSON.parse(gunzipSync(object).toString()) as Record<string, string>;
  return asNamed(Buffer.from(texts[hash] ?? ''), hash);
}

/** The PDF is named by its own bytes. */
export const keyOfPdf = (hash: string): string => `pdf/${hash}.pdf`;

/**
 * Bytes that were issued, or made of what was issued.
 *
 * @throws Error when they are others
 */
export function asNamed<Bytes extends Uint8Array>(bytes: Bytes, hash: string): Bytes {
  if (sha256(bytes) === hash) return bytes;
  throw new Error(`What is stored is not the file with the SHA-256 ${hash}`);
}

export const sha256 = (content: string | Uint8Array): string =>
  createHash('sha256').update(content).digest('hex');

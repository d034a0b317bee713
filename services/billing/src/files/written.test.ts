import { soundCreditNote, soundInvoice } from '@fanfold/invoicing/brokenFixtures';
import { ciiOf } from '@fanfold/invoicing/cii';
import { documents } from '@fanfold/invoicing/documentFixtures';
import { ublOf } from '@fanfold/invoicing/ubl';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asNamed, keyOfForms, sha256, writeForms, xmlIn } from './written.ts';

const bytesOf = (text: string) => Buffer.from(text);

describe('A document that is written', () => {
  it.each([soundInvoice, soundCreditNote])(
    'has each form that its data fill, to the byte: $kind',
    (document) => {
      const { electronic, documents, file } = writeForms(document);
      expect(electronic).toEqual({ available: true, reason: null });
      expect(documents.map(({ format, profile }) => `${format} ${profile}`)).toEqual([
        'ubl en16931',
        'cii en16931',
        'ubl peppol',
        'ubl xrechnung',
        'cii xrechnung',
      ]);
      for (const named of documents) {
        const write = named.format === 'ubl' ? ublOf : ciiOf;
        expect(xmlIn(file?.bytes as Uint8Array, named).toString()).toBe(
          write(document, named.profile as never),
        );
      }
    },
  );

  it('leaves out the forms for which something is missing', () => {
    const { documents } = writeForms({ ...soundInvoice, buyerReference: null });
    expect(documents.map(({ profile }) => profile)).not.toContain('xrechnung');
    expect(documents.map(({ profile }) => profile)).toContain('en16931');
  });

  it('that the rules refuse has no form, says why, and stores nothing', () => {
    expect(writeForms({ ...soundInvoice, currency: 'KWD' })).toEqual({
      electronic: { available: false, reason: expect.stringContaining('KWD') },
      documents: [],
      file: null,
    });
  });

  it('is under a key that follows from what is in its event, and from nothing else, whatever it is', () => {
    fc.assert(
      fc.property(documents, (all) => {
        const keys = all.map((document) => {
          const { documents, file } = writeForms(document);
          if (!file) return document.number;
          expect(file.key).toBe(keyOfForms(JSON.parse(JSON.stringify(documents))));
          for (const named of documents) expect(sha256(xmlIn(file.bytes, named))).toBe(named.sha256);
          return file.key;
        });
        expect(new Set(keys).size).toBe(all.length);
      }),
      { numRuns: 20 },
    );
  });

  it('with another number is another file', () => {
    const keys = ['INV-2026-000001', 'INV-2026-000002'].map(
      (number) => writeForms({ ...soundInvoice, number }).file?.key,
    );
    expect(keys[0]).not.toBe(keys[1]);
  });
});

it('bytes that are not those of their hash are never shown', () => {
  const { documents, file } = writeForms(soundInvoice);
  const other = writeForms({ ...soundInvoice, number: 'INV-2026-000002' });
  expect(() => xmlIn(other.file?.bytes as Uint8Array, documents[0] as never)).toThrow('is not the file');
  expect(() => asNamed(bytesOf('x'), sha256('y'))).toThrow('is not the file');
  expect(asNamed(bytesOf('x'), sha256('x'))).toEqual(bytesOf('x'));
  expect(file?.contentType).toBe('application/gzip');
});

import type { Recipient } from '@fanfold/contracts/billing';
import type { TaxDocument } from '@fanfold/invoicing/document';
import type { Electronic, XmlFile } from './written.ts';

export type Kind = 'invoice' | 'credit-note';

const collections: Record<Kind, string> = { invoice: 'invoices', 'credit-note': 'credit-notes' };

/** Where the API shows a file of a document. */
export const pathOf = (kind: Kind, documentId: string, format: string, profile?: string): string =>
  `/${collections[kind]}/${documentId}/${format}${profile === undefined ? '' : `?profile=${profile}`}`;

/** An invoice or credit note, as far as its files concern it. */
type Document = {
  id: string;
  customer: Pick<Recipient, 'name' | 'email'>;
  taxDocument?: TaxDocument;
  files?: IssuedFiles;
};

/** Whom a document is for. */
export const recipientOf = ({ customer: { name, email }, taxDocument }: Document): Recipient => ({
  name,
  email,
  electronicAddress: taxDocument?.buyer.electronicAddress ?? null,
});

/** What a document keeps of the files that it was issued with. Those from before there were any have nothing. */
export type IssuedFiles = { electronic: Electronic; documents: XmlFile[] };

/** What the event of its issue says of them, and nothing of a document that was issued without. */
export function filesInEvent(kind: Kind, document: Document) {
  if (!document.files) return {};
  const { electronic, documents } = document.files;
  return {
    documents: documents.map((file) => ({
      ...file,
      path: pathOf(kind, document.id, file.format, file.profile),
    })),
    electronic,
    recipient: recipientOf(document),
  };
}

/** The same back, from the event. */
export const filesFromEvent = (data: {
  documents?: (XmlFile & { path: string })[] | undefined;
  electronic?: Electronic | undefined;
}): { files?: IssuedFiles } =>
  data.documents && data.electronic
    ? {
        files: {
          electronic: data.electronic,
          documents: data.documents.map(({ format, profile, sha256 }) => ({ format, profile, sha256 })),
        },
      }
    : {};

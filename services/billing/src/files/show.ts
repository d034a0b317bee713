import { endpoint } from '@fanfold/runtime/http';
import * as z from 'zod';
import type { Kind } from './issued.ts';
import { pdfOf, profiles, xmlOf } from './shown.ts';
import type { XmlFile } from './written.ts';

const scope = 'invoices:read';

const query = z.strictObject({ profile: z.enum(profiles).default('en16931') });

/** Shows the XML that a document was issued with, in a profile. */
export const xmlEndpoint = (kind: Kind, format: XmlFile['format']) =>
  endpoint({ scope, query }, ({ caller: { merchantId }, path, query: { profile } }) =>
    xmlOf({ kind, merchantId, id: path.id ?? '' }, format, profile),
  );

/** Shows the PDF of a document. Where there is none yet it is made, and the caller comes again. */
export const pdfEndpoint = (kind: Kind) =>
  endpoint({ scope }, ({ caller: { merchantId }, path, now }) =>
    pdfOf({ kind, merchantId, id: path.id ?? '' }, now),
  );

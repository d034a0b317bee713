import * as z from 'zod';
import { sha256 } from './fields.ts';
import { nonPersonal, personal } from './personal.ts';
import { isVisible, unfitCharactersOf } from './text.ts';

/** The languages that documents can be written in. */
export const invoiceLanguages = ['en', 'de', 'fr', 'nl'] as const;

const numberingPrefix = nonPersonal(
  z
    .string()
    .regex(/^[A-Z][A-Z0-9]{0,15}$/, 'must be 1 to 16 capital letters and digits, a letter first')
    .refine(
      (prefix) => prefix !== 'INV' && prefix !== 'CN',
      'must not be what numbers without a prefix begin with',
    ),
);

/**
 * Who issues documents. `object` says what becomes of unknown members, and `text` what a text has to be. Of a scheme there is
 * its code: of ISO 6523 for a registration, and of the list of electronic addresses (EAS) for such an address.
 */
const sellerOf = (object: typeof z.object, text: (maxLength: number) => z.ZodType<string>) => {
  /** Whose details these are may be one person. */
  const optional = (maxLength: number) => personal(text(maxLength)).nullable().default(null);
  return object({
    legalName: personal(text(200)),
    tradeName: optional(200),
    address: object({
      line1: optional(200),
      line2: optional(200),
      city: optional(100),
      postalCode: optional(20),
      state: optional(100),
      country: nonPersonal(text(2)),
    }),
    vatId: optional(20),
    /** The number in a register of companies. */
    registration: object({ id: personal(text(50)), scheme: nonPersonal(text(4)).nullable().default(null) })
      .nullable()
      .default(null),
    contact: object({
      name: personal(text(100)),
      telephone: personal(text(40)),
      email: personal(text(254)),
    })
      .nullable()
      .default(null),
    electronicAddress: object({ scheme: nonPersonal(text(4)), id: personal(text(100)) })
      .nullable()
      .default(null),
    /** For transfers. `account` is an IBAN where the country has them. */
    bankAccount: object({ account: personal(text(34)), bic: optional(11), holder: optional(200) })
      .nullable()
      .default(null),
    /** What the numbers of documents begin with: `ACME` for `ACME-INV-2026-000001`. */
    numberingPrefix: numberingPrefix.nullable().default(null),
    invoiceLanguage: z.enum(invoiceLanguages).default('en'),
    /** On the company's form, seat and court of registration. */
    legalNote: optional(1000),
    /** Whether invoices may be simplified where that is lawful. */
    simplifiedInvoices: z.boolean().default(false),
  });
};

/** What documents begin with. Its bytes are stored by their hash. */
const logo = /* @__PURE__ */ z.object({
  sha256,
  contentType: z.enum(['image/png', 'image/jpeg']),
  /** What it shows, for who does not see it; null when that is the seller's name. */
  alternativeText: personal(z.string().max(200)).nullable(),
});
export type Logo = z.output<typeof logo>;

/**
 * As it is stored and published. A member that later versions add has its default in what earlier ones stored, or is missing where an
 * event that was published without it has to be made again to the letter.
 */
export const seller = /* @__PURE__ */ sellerOf(z.object, (maxLength) => z.string().max(maxLength)).extend({
  logo: logo.optional(),
});
export type Seller = z.output<typeof seller>;

const givenText = (maxLength: number) =>
  z
    .string()
    .trim()
    .max(maxLength)
    .refine(isVisible, 'must have at least one visible character')
    .refine((text) => unfitCharactersOf(text) === undefined, 'has a character that no document can show');

/**
 * As somebody gives it: in a request, or for a stage. Texts are trimmed. What its country, VAT id and schemes have to be, the
 * package invoicing finds.
 */
export const sellerRequest = /* @__PURE__ */ sellerOf(z.strictObject as typeof z.object, givenText);

/** How many bytes a logo has at most, which is drawn 190 by 56 points: a larger one is only slower. */
export const maxLogoBytes = 65_536;

/** How many characters base64 makes of it. */
const maxLogoCharacters = Math.ceil(maxLogoBytes / 3) * 4;

/** How many bytes the body of `PUT /seller` has at most: a logo, and the 32 KiB of other bodies. In whole KiB. */
export const maxSellerBodyBytes = (32 + Math.ceil(maxLogoCharacters / 1024)) * 1024;

const alternativeText = /* @__PURE__ */ givenText(200).nullable().default(null);

/**
 * The body of `PUT /seller`. A logo is given by its bytes, in base64, or by the hash of the current one, which then stays: so what
 * `GET /seller` has answered can be put again.
 */
export const sellerBody = /* @__PURE__ */ sellerRequest.extend({
  logo: z
    .union(
      [
        z.strictObject({
          data: z
            .string()
            .regex(/^[A-Za-z0-9+/]+={0,2}$/, 'must be the bytes of a PNG or JPEG in base64')
            .max(maxLogoCharacters),
          alternativeText,
        }),
        z.strictObject({ sha256, contentType: logo.shape.contentType.optional(), alternativeText }),
      ],
      {
        error: `must have data, a PNG or JPEG of at most ${maxLogoBytes} bytes in base64, or the sha256 of the current logo`,
      },
    )
    .nullish(),
});
export type SellerBody = z.output<typeof sellerBody>;

/** A seller at a time. Version 0 is the stage's default, which each merchant without its own seller has. */
export type SellerVersion = { seller: Seller; version: number };

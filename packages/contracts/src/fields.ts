import * as z from 'zod';
import { isCurrency } from './currency.ts';
import { nonPersonal, personal } from './personal.ts';
import { vatCategories } from './vatCategory.ts';

export const maxAmountMinor = 999_999_999_999;

/** How much a sum may be rounded, as cash is: to half of a currency's major unit at most, in minor units. */
export const maxRoundingMinor = 50;

/** Maximum lengths of texts, in UTF-16 code units, that more than one place has to know. */
export const maxTextLength = { orderId: 100, reason: 200 } as const;

/** Numbers of documents are stored by other services too, so their length is limited. */
export const documentNumber = nonPersonal(z.string().max(64));

/** Amounts are integers in the minor unit of their currency (cents for EUR, yen for JPY). */
export const amountMinor = z.int().min(0).max(maxAmountMinor);

/** Active ISO 4217 code, upper case. */
export const currency = nonPersonal(
  z.string().refine(isCurrency, 'must be an active ISO 4217 code in upper case'),
);

/** Percent with up to four decimals, as text, so that no rate becomes a binary fraction: `"21.00"`. */
export const taxRate = nonPersonal(
  z
    .string()
    .regex(
      /^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$/,
      'must be a percentage from "0" to "100", such as "21.00"',
    ),
);

export const day = nonPersonal(z.iso.date());

/** RFC 3339, UTC. */
export const time = nonPersonal(z.iso.datetime());

/** The merchant's name of an order, which can be anything. */
export const orderId = personal(z.string().max(maxTextLength.orderId));

export const line = z
  .object({
    description: personal(z.string()),
    quantity: z.int().min(1),
    /** Net price of one unit, in minor units. */
    unitAmount: amountMinor,
    taxRate,
  })
  .refine(({ quantity, unitAmount }) => quantity * unitAmount <= maxAmountMinor, {
    path: ['quantity'],
    message: `must make at most ${maxAmountMinor} with the unit amount`,
  });
export type Line = z.output<typeof line>;

/** An address in a network of electronic documents: a scheme such as `0208`, and an id of it. */
export const electronicAddress = z.object({ scheme: nonPersonal(z.string()), id: personal(z.string()) });

/** SHA-256 of a file's bytes, in hexadecimal. */
export const sha256 = nonPersonal(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 in hexadecimal'));

export const customerTypes = ['company', 'consumer'] as const;

export const customer = z.object({
  name: personal(z.string()),
  email: personal(z.string()).nullable(),
  /** As the merchant writes it, for the merchant alone. */
  taxId: personal(z.string()).nullable(),
  /** Begins with the code of its country, as `BE0403019261`. This and what follows are missing when they were not given. */
  vatId: personal(z.string()).optional(),
  electronicAddress: electronicAddress.optional(),
  type: z.enum(customerTypes).optional(),
  address: z.object({
    line1: personal(z.string()).nullable(),
    line2: personal(z.string()).nullable(),
    city: personal(z.string()).nullable(),
    postalCode: personal(z.string()).nullable(),
    state: personal(z.string()).nullable(),
    /** ISO 3166-1 alpha-2 */
    country: nonPersonal(z.string()),
  }),
});
export type Customer = z.output<typeof customer>;

/** The totals of a document. `gross` = `net` + `tax`, for the whole and for each rate. */
export const totals = z.object({
  net: amountMinor,
  tax: amountMinor,
  gross: amountMinor,
  taxByRate: z.array(
    z.object({
      rate: taxRate,
      net: amountMinor,
      tax: amountMinor,
      /** Of UNCL5305. Documents of payments from before lines had categories have none. */
      category: z.enum(vatCategories).optional(),
      exemptionCode: nonPersonal(z.string()).optional(),
      exemptionReason: personal(z.string()).optional(),
    }),
  ),
  /** By how much what was paid differs from `gross`; missing when it does not. */
  rounding: z.int().min(-maxRoundingMinor).max(maxRoundingMinor).optional(),
});
export type Totals = z.output<typeof totals>;

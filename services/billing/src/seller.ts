import { isDeepStrictEqual } from 'node:util';
import { sellerChanged } from '@fanfold/contracts/billing';
import { type Event, makeEvent, type Trace } from '@fanfold/contracts/event';
import { inOrder } from '@fanfold/contracts/inOrder';
import { type Seller, type SellerBody, type SellerVersion, seller } from '@fanfold/contracts/seller';
import { sellerFindings } from '@fanfold/invoicing/findings';
import { isBankAccount } from '@fanfold/runtime/http/cardNumber';
import type { FieldError } from '@fanfold/runtime/refusal';
import type { StoredFile } from './files/written.ts';
import { readLogo } from './logo.ts';

/** The seller that a merchant has put last. */
export type CurrentSeller = SellerVersion & {
  merchantId: string;
  changedAt: string;
  /** All numbering prefixes that the merchant ever had: each has its own series of numbers. */
  prefixes: string[];
};

/** One of all the sellers that a merchant has had. They are kept for ever, as documents are. */
export type SellerChange = SellerVersion & { merchantId: string; changedAt: string; trace: Trace };

/** Series are looked at one after another, where all documents of a merchant are. */
const maxPrefixes = 12;

/** The seller that a body says, with the file of a new logo, and what is wrong with it. */
export function readSeller(
  { logo: asked, ...members }: SellerBody,
  current: CurrentSeller | undefined,
): { seller: Seller; file: StoredFile | null; errors: FieldError[] } {
  const errors = sellerErrors(members, current);
  const without = { seller: members, file: null };
  if (!asked) return { ...without, errors };
  if ('data' in asked) {
    const read = readLogo(asked);
    if (typeof read === 'string')
      return { ...without, errors: [...errors, { pointer: '#/logo/data', detail: read }] };
    return { seller: { ...members, logo: read.logo }, file: read.file, errors };
  }
  const kept = current?.seller.logo;
  if (kept?.sha256 !== asked.sha256) {
    const detail = 'must be that of the current logo: another one is given by its data';
    return { ...without, errors: [...errors, { pointer: '#/logo/sha256', detail }] };
  }
  const { alternativeText } = asked;
  return { seller: { ...members, logo: { ...kept, alternativeText } }, file: null, errors };
}

/** What is wrong with a seller, field by field, and with the prefix after those that the merchant had. */
export function sellerErrors(given: Seller, current: CurrentSeller | undefined): FieldError[] {
  const errors: FieldError[] = sellerFindings(given).map(({ pointer, rule, message }) => ({
    pointer: pointer.replace('/seller', '#'),
    detail: message,
    rule,
  }));
  const account = given.bankAccount?.account ?? '';
  if (/^[A-Z]{2}\d{2}/.test(account) && !isBankAccount(account))
    errors.push({ pointer: '#/bankAccount/account', detail: 'is no IBAN: its check digits are wrong' });
  if (prefixesWith(given, current).length > maxPrefixes)
    errors.push({
      pointer: '#/numberingPrefix',
      detail: `must be one that you had before, as a merchant has at most ${maxPrefixes} of them: ${current?.prefixes.join(', ')}`,
    });
  return errors;
}

/** The seller after a change; undefined when it is the current one. */
export function changedSeller(
  given: Seller,
  current: CurrentSeller | undefined,
  { merchantId, now }: { merchantId: string; now: Date },
): CurrentSeller | undefined {
  if (current && isDeepStrictEqual(current.seller, given)) return undefined;
  return {
    merchantId,
    seller: given,
    version: (current?.version ?? 0) + 1,
    changedAt: now.toISOString(),
    prefixes: prefixesWith(given, current),
  };
}

/** The prefixes after a change: those that the merchant had, and the new one. */
export function prefixesWith(
  { numberingPrefix }: Seller,
  current: Pick<CurrentSeller, 'prefixes'> | undefined,
): string[] {
  const had = current?.prefixes ?? [];
  return numberingPrefix === null || had.includes(numberingPrefix) ? had : [...had, numberingPrefix];
}

/** What a merchant's seller is called, as the subject of its events. */
export const sellerSubject = (merchantId: string): string => `seller_${merchantId}`;

export const eventOfSeller = ({ merchantId, version, seller, changedAt, trace }: SellerChange): Event =>
  makeEvent(sellerChanged, {
    subject: sellerSubject(merchantId),
    n: version,
    time: changedAt,
    merchantid: merchantId,
    trace,
    data: { version, seller },
  });

/** A seller as the API shows it: a merchant's own, or the default of the stage. */
export const sellerResource = ({ version, ...current }: SellerVersion & { changedAt?: string }) => ({
  object: 'seller' as const,
  version,
  ...inOrder(seller, current.seller),
  updatedAt: current.changedAt ?? null,
});

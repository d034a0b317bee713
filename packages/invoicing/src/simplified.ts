import { formatAmount } from '@fanfold/contracts/currency';
import type { VatCategory } from '@fanfold/contracts/vatCategory';
import type { Finding } from './findings.ts';
import type { Invoiceable } from './order.ts';

/** Up to which amount, with tax, a member state lets an invoice be simplified. */
type Limit = { currency: string; amountMinor: number };

const euros = (amount: number): Limit => ({ currency: 'EUR', amountMinor: amount * 100 });

/** Directive 2006/112/EC, article 220a (1) (a), in member states without a limit of their own here. */
const commonLimit = euros(100);

/**
 * Member states that have used article 238 to allow more, by their law, and Cyprus, whose law says less. Where a law counts
 * without tax (EE, FR, LV), the same number is taken with it, so that nothing is simplified that may not be.
 */
const limits: Record<string, Limit> = {
  ...{ BE: commonLimit, BG: commonLimit, GR: commonLimit, HR: commonLimit, HU: commonLimit, IE: commonLimit },
  ...{ LT: commonLimit, LU: commonLimit, MT: commonLimit, NL: commonLimit, PT: commonLimit, RO: commonLimit },
  ...{ SI: commonLimit, SK: commonLimit },
  // UStG 1994 § 11 (6)
  AT: euros(400),
  // Regulations on VAT (general), simplified invoices
  CY: euros(85),
  // Zákon 235/2004 Sb. § 30
  CZ: { currency: 'CZK', amountMinor: 10_000_00 },
  // UStDV § 33
  DE: euros(250),
  // Momsbekendtgørelsen, simplified invoices
  DK: { currency: 'DKK', amountMinor: 3000_00 },
  // Käibemaksuseadus § 37 (9)
  EE: euros(160),
  // Real Decreto 1619/2012, art. 4 (1)
  ES: euros(400),
  // Arvonlisäverolaki 209 f §
  FI: euros(400),
  // CGI, annexe II, art. 242 nonies A
  FR: euros(150),
  // DPR 633/1972, art. 21-bis, and DM of 10 May 2019
  IT: euros(400),
  // PVN likums, art. 126
  LV: euros(150),
  // Ustawa o VAT, art. 106e (5) (3)
  PL: { currency: 'PLN', amountMinor: 450_00 },
  // Mervärdesskattelag (2023:200), chapter 17
  SE: { currency: 'SEK', amountMinor: 4000_00 },
};

/** Who is liable for the VAT is not the seller, or the goods leave its country. */
const crossBorder: ReadonlySet<VatCategory> = new Set(['AE', 'K', 'G']);

/** Whether an invoice has less about the buyer than one in full needs, and its seller and the law allow that. */
export const isSimplified = (given: Invoiceable): boolean =>
  given.seller.simplifiedInvoices === true && lacksOfBuyer(given).length > 0 && obstacleOf(given) === null;

/**
 * What an invoice that cannot be simplified lacks of the buyer's address. It is asked of sellers who have said that they simplify
 * where they may, and so which of both kinds of invoices each one is. `rule` is the law's.
 */
export function missingForFullInvoice(given: Invoiceable): Finding[] {
  if (given.seller.simplifiedInvoices !== true || !(given.seller.address.country in limits)) return [];
  const obstacle = obstacleOf(given);
  if (obstacle === null) return [];
  return lacksOfBuyer(given).map((name) => ({
    pointer: `/buyer/address/${name}`,
    rule: '2006/112/EC-226-5',
    message: `must be given, as an invoice in full has it, and this one cannot be simplified: ${obstacle}`,
  }));
}

/** Directive 2006/112/EC, article 226 (5): the full address. Outside the EU there are countries without postal codes. */
function lacksOfBuyer({ buyer: { address } }: Invoiceable): ('line1' | 'city' | 'postalCode')[] {
  const asked = ['line1', 'city', ...(address.country in limits ? (['postalCode'] as const) : [])] as const;
  return asked.filter((name) => address[name] === null);
}

/** Why an invoice cannot be simplified (articles 220a and 238), in words; null when it can. */
function obstacleOf({
  seller,
  buyer,
  isForCompany,
  delivery,
  order,
  amountMinor,
}: Invoiceable): string | null {
  const { country } = seller.address;
  const limit = limits[country];
  if (!limit) return `the seller is in ${country}, whose law is not known here`;
  if (isForCompany || buyer.vatId !== null) return 'the buyer is a company';
  const across = [...order.lines, ...order.adjustments].find(({ category }) => crossBorder.has(category));
  if (across) return `it has VAT of category ${across.category}`;
  if ((delivery?.address?.country ?? buyer.address.country) !== country) return 'it goes to another country';
  if (order.currency !== limit.currency) return `the limit of ${country} is in ${limit.currency}`;
  if (amountMinor > limit.amountMinor)
    return `it is more than ${formatAmount(limit.amountMinor, limit.currency)}`;
  return null;
}

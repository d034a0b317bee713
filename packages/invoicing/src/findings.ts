import { isCurrency } from '@fanfold/contracts/currency';
import { maxAmountMinor, maxRoundingMinor } from '@fanfold/contracts/fields';
import { rateUnits } from '@fanfold/contracts/tax';
import { isVisible, unfitCharactersOf } from '@fanfold/contracts/text';
import type { VatCategory } from '@fanfold/contracts/vatCategory';
import { amountsOf, isExempt } from './amounts.ts';
import { isAddressScheme, isCountry, isExemption, isRegistrationScheme, isUnitCode } from './codes.ts';
import { decimalOf, maxDecimals } from './decimal.ts';
import type {
  Address,
  Adjustment,
  Buyer,
  Delivery,
  ElectronicAddress,
  Exemption,
  Seller,
  VatKey,
} from './document.ts';
import { identifierFault } from './identifier.ts';
import { accountingTaxOf } from './issue.ts';
import type { Exchange, Invoiceable, OrderLine } from './order.ts';
import { vatIdFault } from './vatId.ts';

/**
 * What keeps an order from being invoiced. `rule` is that of EN 16931 (BR-…) or Peppol (PEPPOL-…) that its document would
 * break; in lower case, one of our own. `pointer` is a JSON Pointer (RFC 6901) into what was given.
 */
export type Finding = { pointer: string; rule: string; message: string };

/** What is given, where the seller may not be known yet. */
type Given = Omit<Invoiceable, 'seller'> & { seller: Seller | null };

/**
 * Nothing when an invoice can be issued: then every document that it leads to keeps the rules of EN 16931. Without a
 * seller, nothing is said of what depends on it.
 */
export function findingsOf(given: Given): Finding[] {
  const { seller, buyer, delivery, order, exchange } = given;
  const findings = [
    ...(seller ? sellerFindings(seller) : []),
    ...partyFindings('/buyer', buyer),
    ...textFindings('/buyer/name', buyer.name, 'BR-07'),
    ...optionalText('/buyer/email', buyer.email),
    ...optionalText('/buyerReference', given.buyerReference),
    ...optionalText('/orderReference', given.orderReference),
    ...deliveryFindings(delivery),
    ...order.lines.flatMap((line, i) => lineFindings(line, `/order/lines/${i}`)),
    ...order.adjustments.flatMap((adjustment, i) => {
      const pointer = `/order/adjustments/${i}`;
      return [
        ...adjustmentFindings(adjustment, pointer),
        ...vatFindings(adjustment, pointer, adjustment.kind),
      ];
    }),
    ...categoryFindings(given),
    ...(exchange ? exchangeFindings(exchange, order.currency) : []),
  ];
  if (order.lines.length === 0)
    findings.push({ pointer: '/order/lines', rule: 'BR-16', message: 'must have at least one line' });
  if (!isCurrency(order.currency))
    findings.push({
      pointer: '/order/currency',
      rule: 'currency',
      message: 'must be an active ISO 4217 code',
    });
  // Sums say something only about numbers that are some.
  return findings.length > 0 ? findings : amountFindings(given);
}

/** What is wrong with a seller for itself, as when it is put. */
export function sellerFindings(seller: Seller): Finding[] {
  const { legalName, tradeName, registration, contact, legalNote, vatId } = seller;
  const findings = [
    ...partyFindings('/seller', seller),
    ...textFindings('/seller/legalName', legalName, 'BR-06'),
    ...optionalText('/seller/tradeName', tradeName),
    ...optionalText('/seller/legalNote', legalNote),
  ];
  if (registration) {
    findings.push(...identifierFindings('/seller/registration/id', registration.scheme, registration.id));
    if (registration.scheme !== null && !isRegistrationScheme(registration.scheme))
      findings.push({
        pointer: '/seller/registration/scheme',
        rule: 'BR-CL-11',
        message: 'must be a code of ISO 6523, such as 0208',
      });
  }
  if (contact) {
    for (const [name, text] of Object.entries(contact))
      findings.push(...textFindings(`/seller/contact/${name}`, text));
  }
  if (vatId === null && registration === null)
    findings.push({
      pointer: '/seller/vatId',
      rule: 'BR-CO-26',
      message: 'must be given, or the registration, so that the seller can be told apart',
    });
  return findings;
}

function partyFindings(pointer: string, { address, vatId, electronicAddress }: Seller | Buyer): Finding[] {
  const fault = vatId === null ? undefined : vatIdFault(vatId);
  return [
    ...addressFindings(`${pointer}/address`, address),
    ...electronicAddressFindings(`${pointer}/electronicAddress`, electronicAddress),
    ...(fault ? [{ pointer: `${pointer}/vatId`, ...fault }] : []),
  ];
}

function addressFindings(pointer: string, address: Partial<Address> & { country: string }): Finding[] {
  const { country, ...texts } = address;
  return [
    ...Object.entries(texts).flatMap(([name, text]) => optionalText(`${pointer}/${name}`, text)),
    ...(isCountry(country)
      ? []
      : [
          {
            pointer: `${pointer}/country`,
            rule: 'BR-CL-14',
            message: 'must be a country of ISO 3166-1, XI for Northern Ireland or 1A for Kosovo',
          },
        ]),
  ];
}

function electronicAddressFindings(pointer: string, address: ElectronicAddress | null): Finding[] {
  if (!address) return [];
  const { scheme, id } = address;
  if (!isAddressScheme(scheme))
    return [
      {
        pointer: `${pointer}/scheme`,
        rule: 'BR-CL-25',
        message: 'must be a scheme of electronic addresses, such as 0208',
      },
    ];
  return identifierFindings(`${pointer}/id`, scheme, id);
}

function identifierFindings(pointer: string, scheme: string | null, id: string): Finding[] {
  const findings = textFindings(pointer, id);
  const rule = scheme === null || findings.length > 0 ? undefined : identifierFault(scheme, id);
  if (rule)
    findings.push({
      pointer,
      rule,
      message: `must be a number of scheme ${scheme}: its length or check digits are wrong`,
    });
  return findings;
}

function deliveryFindings(delivery: Delivery | null): Finding[] {
  if (!delivery) return [];
  const { date, address } = delivery;
  const findings = address ? addressFindings('/delivery/address', address) : [];
  if (date !== null && !isDay(date))
    findings.push({ pointer: '/delivery/date', rule: 'BR-CO-03', message: 'must be a day as 2026-11-30' });
  return findings;
}

function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

function lineFindings(line: OrderLine, pointer: string): Finding[] {
  const { description, itemId, quantity, unitCode, unitPrice, adjustments } = line;
  const findings = [
    ...textFindings(`${pointer}/description`, description, 'BR-25'),
    ...optionalText(`${pointer}/itemId`, itemId),
    ...adjustments.flatMap((adjustment, i) => adjustmentFindings(adjustment, `${pointer}/adjustments/${i}`)),
    ...vatFindings(line, pointer, 'line'),
  ];
  const number = /^-?\d{1,12}(\.\d{1,6})?$/;
  if (!number.test(quantity) || decimalOf(quantity).units === 0n)
    findings.push({
      pointer: `${pointer}/quantity`,
      rule: 'BR-22',
      message: `must be a number other than 0 with at most ${maxDecimals} decimals, such as "1.5"`,
    });
  if (!number.test(unitPrice))
    findings.push({
      pointer: `${pointer}/unitPrice`,
      rule: 'BR-26',
      message: `must be an amount with at most ${maxDecimals} decimals, such as "0.0035"`,
    });
  else if (decimalOf(unitPrice).units < 0n)
    findings.push({
      pointer: `${pointer}/unitPrice`,
      rule: 'BR-27',
      message: 'must not be negative: a line that takes something off has a negative quantity',
    });
  if (!isUnitCode(unitCode))
    findings.push({
      pointer: `${pointer}/unitCode`,
      rule: 'BR-CL-23',
      message: 'must be a unit of UN/ECE Recommendation 20, such as C62 for pieces',
    });
  return findings;
}

function exchangeFindings({ currency, rate, source }: Exchange, invoiced: string): Finding[] {
  const findings = textFindings('/exchange/source', source);
  if (!isCurrency(currency))
    findings.push({
      pointer: '/exchange/currency',
      rule: 'BR-CL-05',
      message: 'must be an active ISO 4217 code',
    });
  else if (currency === invoiced)
    findings.push({
      pointer: '/exchange/currency',
      rule: 'PEPPOL-EN16931-R005',
      message: 'must be another than the currency of the payment',
    });
  if (!/^\d{1,9}(\.\d{1,10})?$/.test(rate) || decimalOf(rate).units === 0n)
    findings.push({
      pointer: '/exchange/rate',
      rule: 'exchange',
      message: 'must be a number above 0 with at most 10 decimals, such as "24.315"',
    });
  return findings;
}

function adjustmentFindings({ amountMinor, reason }: Adjustment, pointer: string): Finding[] {
  const findings = textFindings(`${pointer}/reason`, reason);
  if (!Number.isSafeInteger(amountMinor) || amountMinor < 0 || amountMinor > maxAmountMinor)
    findings.push({
      pointer: `${pointer}/amountMinor`,
      rule: 'amount',
      message: 'must be a whole number of minor units from 0',
    });
  return findings;
}

type Place = 'line' | 'allowance' | 'charge';

/** How the rules of a category are named: in EN 16931 those of K are IC, of L AF, and of M AG. */
const ruleNames: Record<VatCategory, string> = {
  ...{ S: 'S', Z: 'Z', E: 'E', AE: 'AE', K: 'IC', G: 'G', O: 'O', L: 'AF', M: 'AG' },
};

/** The rules of each category are numbered alike: of its VAT ids, of its rates, and of the reason in its breakdown. */
const ruleOf = (category: VatCategory, number: number): string =>
  `BR-${ruleNames[category]}-${String(number).padStart(2, '0')}`;

const vatIdRule: Record<Place, number> = { line: 2, allowance: 3, charge: 4 };
const rateRule: Record<Place, number> = { line: 5, allowance: 6, charge: 7 };
const reasonRule = 10;

/** Codes that belong to one category (Peppol). */
const codesOfCategories: Record<string, { category: VatCategory; rule: string }> = {
  'VATEX-EU-G': { category: 'G', rule: 'PEPPOL-EN16931-P0104' },
  'VATEX-EU-O': { category: 'O', rule: 'PEPPOL-EN16931-P0105' },
  'VATEX-EU-IC': { category: 'K', rule: 'PEPPOL-EN16931-P0106' },
  'VATEX-EU-AE': { category: 'AE', rule: 'PEPPOL-EN16931-P0107' },
  'VATEX-EU-D': { category: 'E', rule: 'PEPPOL-EN16931-P0108' },
  'VATEX-EU-F': { category: 'E', rule: 'PEPPOL-EN16931-P0109' },
  'VATEX-EU-I': { category: 'E', rule: 'PEPPOL-EN16931-P0110' },
  'VATEX-EU-J': { category: 'E', rule: 'PEPPOL-EN16931-P0111' },
};

function vatFindings(
  { category, taxRate, exemption }: VatKey & { exemption: Exemption | null },
  pointer: string,
  place: Place,
): Finding[] {
  const findings: Finding[] = [];
  if (!/^(100(\.0{1,4})?|\d{1,2}(\.\d{1,4})?)$/.test(taxRate))
    return [
      { pointer: `${pointer}/taxRate`, rule: 'rate', message: 'must be a percentage, such as "21.00"' },
    ];
  const isZero = rateUnits(taxRate) === 0n;
  // CII's rules refuse L at 0 %, and UBL's do not. A document is written as both.
  const isTaxed = category === 'S' || category === 'L';
  if (isTaxed ? isZero : !isZero && category !== 'M')
    findings.push({
      pointer: `${pointer}/taxRate`,
      rule: ruleOf(category, rateRule[place]),
      message: `must be ${isTaxed ? 'more than 0' : '0'} in category ${category}`,
    });
  const reason = `${pointer}/exemption`;
  if (exemption && !isExempt(category))
    findings.push({
      pointer: reason,
      rule: ruleOf(category, reasonRule),
      message: `must be left out: category ${category} is not exempt`,
    });
  else if (category === 'E' && exemption?.code == null && exemption?.text == null)
    findings.push({
      pointer: reason,
      rule: ruleOf(category, reasonRule),
      message: 'must say by code or text why there is no VAT',
    });
  if (exemption?.text != null) findings.push(...textFindings(`${reason}/text`, exemption.text));
  if (exemption?.code != null) {
    const only = codesOfCategories[exemption.code];
    if (!isExemption(exemption.code))
      findings.push({
        pointer: `${reason}/code`,
        rule: 'BR-CL-22',
        message: 'must be a code of the list VATEX, such as VATEX-EU-132',
      });
    else if (only && only.category !== category && isExempt(category))
      findings.push({
        pointer: `${reason}/code`,
        rule: only.rule,
        message: `is a reason of category ${only.category} only`,
      });
  }
  return findings;
}

/** What the categories ask of the parties, the delivery, and each other. */
function categoryFindings({ seller, buyer, delivery, order }: Given): Finding[] {
  const findings: Finding[] = [];
  const uses = [
    ...order.lines.map(({ category }, i) => ({ category, place: 'line' as Place, at: `/order/lines/${i}` })),
    ...order.adjustments.map(({ category, kind }, i) => ({
      category,
      place: kind satisfies Place,
      at: `/order/adjustments/${i}`,
    })),
  ];
  // Each category complains once, where it is first used.
  const first = new Map(uses.toReversed().map((use) => [use.category, use]));
  for (const { category, place } of first.values()) {
    const rule = ruleOf(category, vatIdRule[place]);
    const add = (pointer: string, message: string, broken = rule) =>
      findings.push({ pointer, rule: broken, message });
    if (category === 'O') {
      if (buyer.vatId !== null) add('/buyer/vatId', 'must be left out: category O is not subject to VAT');
      if (seller && seller.registration === null)
        add('/seller/registration', 'must be given, since category O hides the VAT id', 'BR-CO-26');
      continue;
    }
    if (seller && seller.vatId === null) add('/seller/vatId', `must be given for category ${category}`);
    if ((category === 'AE' || category === 'K') && buyer.vatId === null)
      add('/buyer/vatId', `must be given for category ${category}`);
    if (category === 'K') {
      if (!delivery?.date) add('/delivery/date', 'must be given for category K', 'BR-IC-11');
      if (!delivery?.address) add('/delivery/address/country', 'must be given for category K', 'BR-IC-12');
    }
  }
  if (first.has('O')) {
    const rules: Record<Place, string> = { line: 'BR-O-12', allowance: 'BR-O-13', charge: 'BR-O-14' };
    for (const { category, place, at } of uses) {
      if (category !== 'O')
        findings.push({
          pointer: `${at}/category`,
          rule: rules[place],
          message: 'must be O, as another is: category O excludes all others',
        });
    }
  }
  return findings;
}

function amountFindings({ order, amountMinor, exchange }: Given): Finding[] {
  if (!Number.isSafeInteger(order.roundingMinor) || Math.abs(order.roundingMinor) > maxRoundingMinor)
    return [
      {
        pointer: '/order/roundingMinor',
        rule: 'rounding',
        message: `must be a whole number of minor units, ${maxRoundingMinor} at most`,
      },
    ];
  let amounts: ReturnType<typeof amountsOf>;
  try {
    amounts = amountsOf(order);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return [
      { pointer: '/order/lines', rule: 'amount', message: 'must add up to an amount that can be paid' },
    ];
  }
  const findings: Finding[] = [];
  for (const { category, taxRate, net } of amounts.vat) {
    if (net < 0)
      findings.push({
        pointer: '/order/lines',
        rule: 'negative-net',
        message: `must not take off more than they charge: category ${category} at ${taxRate} % is below zero`,
      });
  }
  const large = [...amounts.lines, ...amounts.adjustments].some(
    (one) => Math.abs('netMinor' in one ? one.netMinor : one.amountMinor) > maxAmountMinor,
  );
  if (large || amounts.grossMinor > maxAmountMinor)
    findings.push({
      pointer: '/order/lines',
      rule: 'amount',
      message: `must each make at most ${maxAmountMinor}`,
    });
  if (amounts.paidMinor !== amountMinor || amountMinor < 1)
    findings.push({
      pointer: '/amountMinor',
      rule: 'amount',
      message: `must be what the lines add up to with tax: ${amounts.paidMinor}`,
    });
  if (findings.length === 0 && exchange && !isStated(amounts.taxMinor, order.currency, exchange))
    findings.push({
      pointer: '/exchange/rate',
      rule: 'amount',
      message: `must make a VAT of at most ${maxAmountMinor}`,
    });
  return findings;
}

function isStated(taxMinor: number, currency: string, exchange: Exchange): boolean {
  try {
    return accountingTaxOf(taxMinor, currency, exchange).taxMinor <= maxAmountMinor;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const optionalText = (pointer: string, text: string | null | undefined): Finding[] =>
  text == null ? [] : textFindings(pointer, text);

/** Where EN 16931 has no rule of its own, Peppol refuses what is empty. */
function textFindings(pointer: string, text: string, rule = 'PEPPOL-EN16931-R008'): Finding[] {
  const unfit = unfitCharactersOf(text);
  if (unfit) return [{ pointer, rule: 'text', message: unfit }];
  return isVisible(text) ? [] : [{ pointer, rule, message: 'must show something' }];
}

import { exponentOf } from '@fanfold/contracts/currency';
import { rateUnits } from '@fanfold/contracts/tax';
import * as orgnr from 'stdnum/lib/cjs/se/orgnr.js';
import { isListedCurrency } from './codes.ts';
import type { Buyer, Seller, TaxDocument } from './document.ts';
import type { Finding } from './findings.ts';
import type { Form, Profile } from './profile.ts';
import { vatIdOf } from './written.ts';

/** Why a document cannot be written as UBL or CII at all; null when it can. It exists as PDF and JSON all the same. */
export function electronicObstacleOf({ currency, accountingTax, amounts }: TaxDocument): string | null {
  for (const code of [currency, ...(accountingTax ? [accountingTax.currency] : [])]) {
    if (!isListedCurrency(code)) return `EN 16931 does not know the currency ${code}`;
    if (exponentOf(code) > 2) return `EN 16931 has two decimals, and amounts of ${code} have more`;
  }
  const strange = amounts.vat.find((group) => isFarOff(group, exponentOf(currency)));
  return strange
    ? `the VAT of ${strange.net} at ${strange.taxRate} % is rounded by more than EN 16931 allows`
    : null;
}

/**
 * VAT may differ from net × rate by less than 1 (BR-CO-17). A share of a document, or a price with tax, is rounded by less
 * than two minor units, so this concerns only currencies without decimals, and few amounts.
 */
function isFarOff({ net, tax, taxRate }: TaxDocument['amounts']['vat'][number], exponent: number): boolean {
  const off = BigInt(net) * rateUnits(taxRate) - BigInt(tax) * 1_000_000n;
  return (off < 0n ? -off : off) >= 1_000_000n * 10n ** BigInt(exponent);
}

/** What a document lacks for a form, or has that the form cannot hold: hardly anything for EN 16931 alone. */
export function missingFor({ syntax, profile }: Form, document: TaxDocument): Finding[] {
  return [...(syntax === 'cii' ? notInCii(document) : []), ...missingInProfile(profile, document)];
}

/** CII's rules have another list of countries than UBL's: it lacks South Sudan. */
function notInCii({ seller, buyer, delivery }: TaxDocument): Finding[] {
  const countries = {
    '/seller/address/country': seller.address.country,
    '/buyer/address/country': buyer.address.country,
    '/delivery/address/country': delivery?.address?.country,
  };
  return Object.entries(countries).flatMap(([pointer, country]) =>
    country === 'SS' ? [finding(pointer, 'BR-CL-14', 'is a country that CII does not know')] : [],
  );
}

function missingInProfile(profile: Profile, document: TaxDocument): Finding[] {
  if (profile === 'en16931') return [];
  const { seller, buyer, buyerReference, orderReference } = document;
  const missing = [
    ...absent(seller.electronicAddress, '/seller/electronicAddress', 'PEPPOL-EN16931-R020'),
    ...absent(buyer.electronicAddress, '/buyer/electronicAddress', 'PEPPOL-EN16931-R010'),
  ];
  if (profile === 'xrechnung')
    return [...missing, ...missingInGermany(document, 'BR-DE-'), ...notInXrechnung(document)];
  return [
    ...missing,
    ...absent(buyerReference ?? orderReference, '/buyerReference', 'PEPPOL-EN16931-R003'),
    ...nationalRules(document),
  ];
}

/** XRechnung looks by the code lists of EN 16931 1.3.15. */
function notInXrechnung({ currency, accountingTax, seller, buyer }: TaxDocument): Finding[] {
  const later = new Set(['XCG', '0242', '0245', '0246', '0247', '0248']);
  const codes: [code: string | null | undefined, pointer: string, rule: string][] = [
    [currency, '/order/currency', 'BR-CL-04'],
    [accountingTax?.currency, '/accountingTax/currency', 'BR-CL-05'],
    [seller.registration?.scheme, '/seller/registration/scheme', 'BR-CL-11'],
    [seller.electronicAddress?.scheme, '/seller/electronicAddress/scheme', 'BR-CL-25'],
    [buyer.electronicAddress?.scheme, '/buyer/electronicAddress/scheme', 'BR-CL-25'],
  ];
  return codes.flatMap(([code, pointer, rule]) =>
    code != null && later.has(code)
      ? [finding(pointer, rule, 'is a code that XRechnung does not know yet')]
      : [],
  );
}

/** XRechnung's rules, which Peppol repeats between a seller and a buyer in Germany. */
function missingInGermany(
  { seller, buyer, buyerReference, delivery }: TaxDocument,
  prefix: 'BR-DE-' | 'DE-R-0',
): Finding[] {
  const rule = (number: number) =>
    `${prefix}${prefix === 'BR-DE-' ? number : String(number).padStart(2, '0')}`;
  return [
    ...absent(buyerReference, '/buyerReference', rule(15)),
    ...absent(seller.contact, '/seller/contact', rule(2)),
    ...absent(seller.address.city, '/seller/address/city', rule(3)),
    ...absent(seller.address.postalCode, '/seller/address/postalCode', rule(4)),
    ...absent(buyer.address.city, '/buyer/address/city', rule(8)),
    ...absent(buyer.address.postalCode, '/buyer/address/postalCode', rule(9)),
    ...(delivery?.address
      ? [
          ...absent(delivery.address.city, '/delivery/address/city', rule(10)),
          ...absent(delivery.address.postalCode, '/delivery/address/postalCode', rule(11)),
        ]
      : []),
  ];
}

/** What Peppol asks for by the countries of the parties, as its rules find them: by VAT id, then by address. */
function nationalRules(document: TaxDocument): Finding[] {
  const { seller, buyer, card, amounts } = document;
  const countryOf = ({ vatId, address }: Seller | Buyer) =>
    (vatIdOf(vatId, document)?.slice(0, 2) ?? address.country).replace('EL', 'GR');
  const [from, to] = [countryOf(seller), countryOf(buyer)];
  const { line1, city, postalCode } = seller.address;
  const registration = (schemes: string[], rule: string, name: string): Finding[] =>
    seller.registration && !schemes.includes(seller.registration.scheme ?? '')
      ? [finding('/seller/registration', rule, `must be ${name} (scheme ${schemes.join(' or ')})`)]
      : [];
  switch (from) {
    case 'DE':
      return to === 'DE' ? missingInGermany(document, 'DE-R-0') : [];
    case 'DK':
      return [
        ...absent(seller.registration, '/seller/registration', 'DK-R-002'),
        ...registration(['0184'], 'DK-R-014', 'the CVR number'),
      ];
    case 'GR':
      return [finding('/seller/address/country', 'GR-R-004-1', 'needs a MARK of myDATA, which is not kept')];
    case 'IS':
      return [
        ...absent(seller.registration, '/seller/registration', 'IS-R-002'),
        ...registration(['0196'], 'IS-R-002', 'the kennitala'),
        ...absent(line1, '/seller/address/line1', 'IS-R-003'),
        ...absent(postalCode, '/seller/address/postalCode', 'IS-R-003'),
        ...(to === 'IS' ? [finding('/buyer', 'IS-R-004', 'needs the kennitala, which is not kept')] : []),
      ];
    case 'IT':
      return [
        ...absent(line1, '/seller/address/line1', 'IT-R-002'),
        ...absent(city, '/seller/address/city', 'IT-R-003'),
        ...absent(postalCode, '/seller/address/postalCode', 'IT-R-004'),
      ];
    case 'NL':
      return [
        ...absent(line1 && city && postalCode, '/seller/address', 'NL-R-002'),
        ...registration(['0106', '0190'], 'NL-R-003', 'a KVK or OIN number'),
        ...(to === 'NL'
          ? [
              ...absent(
                buyer.address.line1 && buyer.address.city && buyer.address.postalCode,
                '/buyer/address',
                'NL-R-004',
              ),
              ...absent(card, '/card', 'NL-R-008'),
            ]
          : []),
      ];
    case 'SE':
      return [
        ...(seller.registration && !isSwedishNumber(seller.registration.id)
          ? [finding('/seller/registration/id', 'SE-R-013', 'must be an organisation number of 10 digits')]
          : []),
        ...(amounts.vat.some(
          ({ category, taxRate }) => category === 'S' && !swedishRates.has(Number(taxRate)),
        )
          ? [finding('/order/lines', 'SE-R-006', 'must have the rates 6, 12 or 25')]
          : []),
      ];
    default:
      return [];
  }
}

const swedishRates = new Set([6, 12, 25]);

const isSwedishNumber = (id: string): boolean => /^\d{10}$/.test(id) && orgnr.validate(id).isValid;

const absent = (value: unknown, pointer: string, rule: string): Finding[] =>
  value == null ? [finding(pointer, rule, 'must be given for this profile')] : [];

const finding = (pointer: string, rule: string, message: string): Finding => ({ pointer, rule, message });

/**
 * Active ISO 4217 currencies and their minor units.
 *
 * From ISO 4217 list one (https://www.six-group.com/en/products-services/financial-information/data-standards.html).
 * The 13 codes without a minor unit (metals, funds, testing) are left out, because no amount can be given in them,
 * and so are the withdrawn ANG, BGN and CUC. XCG and XAD are included. `Intl` cannot be used: it differs from ISO for
 * 16 currencies.
 */
const codesByExponent: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  2:
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF ' +
    'CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL ' +
    'HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU ' +
    'MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR ' +
    'SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED ' +
    'VES WST XAD XCD XCG YER ZAR ZMW ZWG',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
};

const exponents = new Map(
  Object.entries(codesByExponent).flatMap(([exponent, codes]) =>
    codes.split(' ').map((code) => [code, Number(exponent)] as const),
  ),
);

/** All of them, sorted. */
export const currencyCodes = (): string[] => [...exponents.keys()].sort();

/** Whether `code` is an active ISO 4217 code in upper case that has a minor unit. */
export const isCurrency = (code: string): boolean => exponents.has(code);

/**
 * How many decimals the amounts of a currency have.
 *
 * @throws RangeError when the currency is not an active ISO 4217 code
 */
export function exponentOf(currency: string): number {
  const exponent = exponents.get(currency);
  if (exponent === undefined) throw new RangeError(`${currency} is not an active ISO 4217 currency code`);
  return exponent;
}

/**
 * An amount in the major unit, such as `121.00`, `500` or `1.234`.
 *
 * @param amountMinor integer in minor units of `currency`
 * @throws RangeError when the currency is not an active ISO 4217 code
 */
export function majorAmount(amountMinor: number, currency: string): string {
  const exponent = exponentOf(currency);
  if (exponent === 0) return String(amountMinor);
  const digits = String(Math.abs(amountMinor)).padStart(exponent + 1, '0');
  return `${amountMinor < 0 ? '-' : ''}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`;
}

/**
 * An amount of the major unit, such as `121.00`, in minor units; undefined when it has a part of one.
 *
 * @throws RangeError when the currency is not an active ISO 4217 code
 */
export function minorAmount(major: string, currency: string): number | undefined {
  const [whole = '', decimals = ''] = major.split('.');
  const [needed, exponent] = [decimals.replace(/0+$/, ''), exponentOf(currency)];
  return needed.length > exponent ? undefined : Number(whole + needed.padEnd(exponent, '0'));
}

/**
 * An amount for people, such as `121.00 EUR`, `500 JPY` or `1.234 KWD`.
 *
 * @param amountMinor integer in minor units of `currency`
 * @throws RangeError when the currency is not an active ISO 4217 code
 */
export const formatAmount = (amountMinor: number, currency: string): string =>
  `${majorAmount(amountMinor, currency)} ${currency}`;

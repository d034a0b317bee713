import { exponentOf } from '@fanfold/contracts/currency';

/**
 * Stripe's units, where they are not ISO's minor units. Of the other currencies with two decimals the unit is the same.
 * https://docs.stripe.com/currencies#zero-decimal and #special-cases
 */
const decimalsAtStripe = new Map<string, number>([
  ...each('BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF', 0),
  // Without decimals at ISO. Stripe takes them with two, which are always zero.
  ...each('ISK UGX', 2),
  ...each('BHD JOD KWD OMR TND', 3),
]);

/** Of three decimals the last one has to be zero. */
const lastDigitIsZero = 3;

/**
 * Why Stripe cannot charge an amount, as what the amount or its currency must be; undefined when it can.
 *
 * @param amount in minor units of `currency`
 */
export function inexpressible(amount: number, currency: string): string | undefined {
  const decimals = decimalsOf(currency);
  if (decimals === undefined) return `cannot be charged in ${currency}, which Stripe does not have`;
  const stepMinor = stepOf(currency, decimals);
  return amount % stepMinor === 0
    ? undefined
    : `must be a multiple of ${stepMinor} in ${currency}: Stripe charges no smaller parts of it`;
}

/**
 * An amount in the unit that Stripe counts.
 *
 * @param amount in minor units of `currency`
 * @throws RangeError when Stripe cannot express it
 */
export function toStripeAmount(amount: number, currency: string): number {
  const reason = inexpressible(amount, currency);
  if (reason) throw new RangeError(`The amount ${amount} ${reason}`);
  return shifted(amount, (decimalsOf(currency) as number) - exponentOf(currency));
}

/**
 * An amount of Stripe's in minor units.
 *
 * @param currency as Stripe writes it, in lower case, or in upper case
 * @throws RangeError when the currency has no such amount
 */
export function fromStripeAmount(amount: number, currency: string): number {
  const code = currency.toUpperCase();
  const decimals = decimalsOf(code);
  if (decimals === undefined) throw new RangeError(`${code} is no currency of Stripe`);
  const minor = shifted(amount, exponentOf(code) - decimals);
  if (!Number.isInteger(minor)) throw new RangeError(`${amount} is no amount of ${code} at Stripe`);
  return minor;
}

/** How many decimals the unit has that Stripe counts; undefined when it is not documented. */
const decimalsOf = (currency: string): number | undefined =>
  decimalsAtStripe.get(currency) ?? (exponentOf(currency) === 2 ? 2 : undefined);

/** Of how many minor units an amount has to be a multiple. */
const stepOf = (currency: string, decimals: number): number =>
  decimals === lastDigitIsZero ? 10 : Math.max(1, 10 ** (exponentOf(currency) - decimals));

const shifted = (amount: number, decimals: number): number =>
  decimals < 0 ? amount / 10 ** -decimals : amount * 10 ** decimals;

function each(currencies: string, decimals: number): [string, number][] {
  return currencies.split(' ').map((currency) => [currency, decimals]);
}

import { exponentOf } from '@fanfold/contracts/currency';
import { exactNumber, roundedRatio } from '@fanfold/contracts/rounding';
import { type RateUnits, rateText, rateUnits, taxOf, taxWithin } from '@fanfold/contracts/tax';
import { type VatCategory, vatCategories } from '@fanfold/contracts/vatCategory';
import { type Decimal, decimalOf, decimalText, productAt } from './decimal.ts';
import type { Adjustment, Amounts, DocumentLine, Exemption, VatGroup, VatKey } from './document.ts';
import type { Order } from './order.ts';

/**
 * The amounts of an order by EN 16931: each line rounded to the minor unit, VAT once for each category and rate
 * (BR-CO-17), a half away from zero.
 *
 * Where prices include tax, the tax of a category and rate is gross × rate / (100 + rate), rounded once, so that net
 * and tax are exactly what the customer pays, also where no net price would give it back.
 *
 * @throws RangeError when an amount cannot be stated exactly, a quantity is zero, or a text is no number
 */
export function amountsOf(order: Order): Amounts {
  const exponent = exponentOf(order.currency);
  const parts = partsOf(order, exponent);
  const groups = groupsOf(parts, order.pricesIncludeTax);
  const lines = order.lines.map((line, i): DocumentLine => {
    const [price, ...adjustments] = parts.filter(({ line }) => line === i) as [Part, ...Part[]];
    const quantity = decimalOf(line.quantity);
    const ordered = order.pricesIncludeTax ? null : decimalOf(line.unitPrice);
    return {
      category: line.category,
      taxRate: rateText(rateUnits(line.taxRate)),
      description: line.description,
      itemId: line.itemId,
      quantity: decimalText(quantity),
      unitCode: line.unitCode,
      unitPrice:
        ordered && makes(quantity, ordered, price.net, exponent)
          ? decimalText(ordered, exponent)
          : unitPriceFor(quantity, price.net, exponent),
      adjustments: line.adjustments.map((adjustment, j) =>
        withNet(adjustment, adjustments[j] as Part, price.net, exponent),
      ),
      netMinor: exactNumber(sumOf([price, ...adjustments].map(({ net }) => net))),
    };
  });
  const onWhole = parts.filter(({ line }) => line === null);
  const linesOf = ({ category, taxRate }: VatKey) =>
    lines.filter((line) => line.category === category && line.taxRate === rateText(rateUnits(taxRate)));
  const adjustments = order.adjustments.map((adjustment, i) => ({
    ...withNet(
      adjustment,
      onWhole[i] as Part,
      sumOf(linesOf(adjustment).map(({ netMinor }) => BigInt(netMinor))),
      exponent,
    ),
    category: adjustment.category,
    taxRate: rateText(rateUnits(adjustment.taxRate)),
  }));
  const vat = groups.map(({ category, units, net, tax }): VatGroup => {
    const stated = [...order.lines, ...order.adjustments].filter((one) => one.category === category);
    return {
      category,
      taxRate: rateText(units),
      net: exactNumber(net),
      tax: exactNumber(tax),
      exemption: exemptionOf(
        category,
        stated.map(({ exemption }) => exemption),
      ),
    };
  });
  return totalled({ lines, adjustments, vat }, order.roundingMinor);
}

/** Amounts with the sums of their lines, adjustments and VAT; so much was paid that nothing is due. */
export function totalled(
  { lines, adjustments, vat }: Pick<Amounts, 'lines' | 'adjustments' | 'vat'>,
  roundingMinor: number,
): Amounts {
  const sum = (amounts: number[]) => exactNumber(sumOf(amounts.map(BigInt)));
  const ofKind = (wanted: Adjustment['kind']) =>
    sum(adjustments.filter(({ kind }) => kind === wanted).map(({ amountMinor }) => amountMinor));
  const [netMinor, taxMinor] = [sum(vat.map(({ net }) => net)), sum(vat.map(({ tax }) => tax))];
  const grossMinor = sum([netMinor, taxMinor]);
  return {
    lines,
    adjustments,
    vat,
    linesMinor: sum(lines.map(({ netMinor }) => netMinor)),
    allowancesMinor: ofKind('allowance'),
    chargesMinor: ofKind('charge'),
    netMinor,
    taxMinor,
    grossMinor,
    paidMinor: sum([grossMinor, roundingMinor]),
    roundingMinor,
  };
}

/** An amount of its own: a line's quantity times price, or an adjustment. As ordered, then net; negative takes off. */
type Part = { category: VatCategory; units: RateUnits; line: number | null; ordered: bigint; net: bigint };

function partsOf({ lines, adjustments }: Order, exponent: number): Part[] {
  const part = ({ category, taxRate }: VatKey, line: number | null, ordered: bigint): Part => ({
    category,
    units: rateUnits(taxRate),
    line,
    ordered,
    net: ordered,
  });
  return [
    ...lines.flatMap((line, i) => [
      part(line, i, productAt(decimalOf(line.quantity), decimalOf(line.unitPrice), exponent)),
      ...line.adjustments.map((adjustment) => part(line, i, signed(adjustment))),
    ]),
    ...adjustments.map((adjustment) => part(adjustment, null, signed(adjustment))),
  ];
}

const signed = ({ kind, amountMinor }: Adjustment): bigint =>
  kind === 'charge' ? BigInt(amountMinor) : -BigInt(amountMinor);

type Group = { category: VatCategory; units: RateUnits; net: bigint; tax: bigint };

/** The categories and rates, the highest rate first, with their net and tax. Sets the net amounts of parts. */
function groupsOf(parts: Part[], pricesIncludeTax: boolean): Group[] {
  const byKey = Map.groupBy(parts, ({ category, units }) => `${category} ${units}`);
  return [...byKey.values()]
    .map((ofGroup): Group => {
      const { category, units } = ofGroup[0] as Part;
      const ordered = sumOf(ofGroup.map((part) => part.ordered));
      if (!pricesIncludeTax) return { category, units, net: ordered, tax: taxOf(ordered, units) };
      setNetOfGross(ofGroup, units);
      const tax = taxWithin(ordered, units);
      return { category, units, net: ordered - tax, tax };
    })
    .sort(
      (a, b) =>
        Number(b.units - a.units) || vatCategories.indexOf(a.category) - vatCategories.indexOf(b.category),
    );
}

/**
 * Divides the net amount of a category and rate among its parts: each has the difference between what is net of all up to
 * it and of all before it. So they add up to it exactly, and none is further than a minor unit from its own share.
 */
function setNetOfGross(parts: Part[], units: RateUnits): void {
  let gross = 0n;
  for (const part of parts) {
    const before = gross - taxWithin(gross, units);
    gross += part.ordered;
    part.net = gross - taxWithin(gross, units) - before;
  }
}

function withNet(
  { kind, reason, percent }: Adjustment,
  { net }: Part,
  base: bigint,
  exponent: number,
): Adjustment {
  const amount = kind === 'charge' ? net : -net;
  const stated = percent !== undefined && isPercentage(amount, base, percent, exponent);
  return {
    ...{ kind, amountMinor: exactNumber(amount), reason },
    ...(percent !== undefined && { percent }),
    ...(stated && { baseMinor: exactNumber(base) }),
  };
}

/** Whether an amount is a percentage of a base to 0.02, in any currency (PEPPOL-EN16931-R040). */
function isPercentage(amount: bigint, base: bigint, percent: string, exponent: number): boolean {
  const { units, scale } = decimalOf(percent);
  const off = amount * 10n ** BigInt(scale + 2) - base * units;
  return base > 0n && (off < 0n ? -off : off) * 50n <= 10n ** BigInt(scale + 2 + exponent);
}

/** The price with the fewest decimals, but at least the currency's, with which a quantity makes a net amount. */
export function unitPriceFor(quantity: Decimal, netMinor: bigint, exponent: number): string {
  if (quantity.units === 0n) throw new RangeError('A quantity of zero has no price');
  const sign = quantity.units < 0n ? -1n : 1n;
  for (let scale = exponent; ; scale++) {
    const numerator = netMinor * 10n ** BigInt(quantity.scale + scale) * sign;
    const units = roundedRatio(numerator, quantity.units * sign * 10n ** BigInt(exponent));
    const price = { units, scale };
    if (makes(quantity, price, netMinor, exponent)) return decimalText(price, exponent);
  }
}

/**
 * Whether a quantity at a price makes an amount, to half a minor unit and to 0.005. Peppol allows 0.02 in any currency
 * (PEPPOL-EN16931-R120), which amounts without decimals would pass.
 */
function makes(quantity: Decimal, price: Decimal, netMinor: bigint, exponent: number): boolean {
  const scale = quantity.scale + price.scale;
  const off = quantity.units * price.units * 10n ** BigInt(exponent) - netMinor * 10n ** BigInt(scale);
  const decimals = Math.max(exponent, 2) - exponent;
  return (off < 0n ? -off : off) * 2n * 10n ** BigInt(decimals) <= 10n ** BigInt(scale);
}

/** What these categories say where nothing is said; codes of the list of BR-CL-22. */
const commonExemptions: Partial<Record<VatCategory, Exemption>> = {
  AE: { code: 'VATEX-EU-AE', text: 'Reverse charge' },
  K: { code: 'VATEX-EU-IC', text: 'Intra-community supply' },
  G: { code: 'VATEX-EU-G', text: 'Export outside the EU' },
  O: { code: 'VATEX-EU-O', text: 'Not subject to VAT' },
};

/** Categories whose VAT breakdown has a reason (BR-E-10, BR-AE-10, BR-IC-10, BR-G-10, BR-O-10); others have none. */
export const isExempt = (category: VatCategory): boolean => category === 'E' || category in commonExemptions;

/** A category has one reason (BR-E-01): of several codes it says them as text. */
function exemptionOf(category: VatCategory, stated: (Exemption | null)[]): Exemption | null {
  if (!isExempt(category)) return null;
  const given = stated.filter((exemption) => exemption !== null);
  const codes = new Set(given.map(({ code }) => code));
  const texts = new Set(given.map(({ text }) => text).filter((text) => text !== null));
  if (codes.size <= 1) {
    const [code = null] = codes;
    if (code === null && texts.size === 0) return commonExemptions[category] ?? null;
    return { code, text: texts.size === 0 ? null : [...texts].join('; ') };
  }
  const all = [...new Set(given.flatMap(({ code, text }) => text ?? code ?? []))];
  return { code: null, text: all.join('; ') };
}

const sumOf = (values: bigint[]): bigint => values.reduce((sum, value) => sum + value, 0n);

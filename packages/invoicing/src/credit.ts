import { exponentOf, formatAmount } from '@fanfold/contracts/currency';
import { roundedRatio } from '@fanfold/contracts/rounding';
import { apportion, between, stretchOf } from '@fanfold/contracts/share';
import { totalled, unitPriceFor } from './amounts.ts';
import { compare, type Decimal, decimalOf, decimalText, plus } from './decimal.ts';
import type { Amounts, DocumentLine, VatGroup } from './document.ts';

/**
 * What of an invoice has been credited. It is kept with the payment, so that each credit note follows from it and its own
 * refund alone, in whatever order they are made.
 */
export type Progress = {
  /** By item of {@link creditableOf}. */
  items: { creditedMinor: number; creditedQuantity: string }[];
  paidBackMinor: number;
};

/** A refund: an amount in proportion over all that is left, or lines (by index), each by its quantity or an amount with tax. */
export type Refund = { amountMinor: number } | { lines: RefundLine[] };

export type RefundLine = { line: number; quantity: string } | { line: number; amountMinor: number };

/**
 * What can be credited: lines and charges on the whole, each with its gross amount after what its category and rate
 * have taken off. A customer who returns a thing gets back what it cost in the end. The lines come first; those that
 * take something off have 0.
 */
export function creditableOf({ lines, adjustments, vat }: Amounts): Creditable[] {
  const items = [
    ...lines.map((line) => ({ of: line, group: groupOf(vat, line), weight: Math.max(0, line.netMinor) })),
    ...adjustments
      .filter(({ kind }) => kind === 'charge')
      .map((charge) => ({ of: charge, group: groupOf(vat, charge), weight: charge.amountMinor })),
  ].map(({ of, group, weight }) => ({ of, group, weight, grossMinor: 0 }));
  for (const [i, { net, tax }] of vat.entries()) {
    const ofGroup = items.filter(({ group }) => group === i);
    const parts = apportion(
      net + tax,
      ofGroup.map(({ weight }) => weight),
    );
    for (const [j, item] of ofGroup.entries()) item.grossMinor = parts[j] as number;
  }
  return items.map(({ of, group, grossMinor }) => ({ of, group, grossMinor }));
}

export type Creditable = {
  of: DocumentLine | Amounts['adjustments'][number];
  /** Index in the invoice's `vat`. */
  group: number;
  grossMinor: number;
};

const groupOf = (vat: VatGroup[], { category, taxRate }: { category: string; taxRate: string }): number =>
  vat.findIndex((group) => group.category === category && group.taxRate === taxRate);

export const nothingCredited = (invoice: Amounts): Progress => ({
  items: creditableOf(invoice).map(() => ({ creditedMinor: 0, creditedQuantity: '0' })),
  paidBackMinor: 0,
});

/**
 * The amounts of the credit note of a refund, and what has been credited with it. The credit notes of an invoice never
 * pass it, for any line, category and rate, in net or in tax; when all is paid back, they add up to it.
 *
 * @throws RangeError when a refund takes back more than is left, or nothing
 */
export function creditOf(
  invoice: Amounts,
  currency: string,
  progress: Progress,
  refund: Refund,
): { amounts: Amounts; progress: Progress } {
  const items = creditableOf(invoice);
  const left = items.map(
    ({ grossMinor }, i) => grossMinor - (progress.items[i] as Progress['items'][number]).creditedMinor,
  );
  const taken = 'lines' in refund ? takenByLine(items, progress, left, refund.lines) : null;
  const leftMinor = sumOf(left);
  const leftToPayMinor = invoice.paidMinor - progress.paidBackMinor;
  // What is paid back in the end brings the invoice's rounding with it.
  const paidMinor =
    'amountMinor' in refund
      ? refund.amountMinor
      : paidFor(sumOf(taken?.gross ?? []), leftMinor, leftToPayMinor);
  if (paidMinor < 1 || paidMinor > leftToPayMinor)
    throw new RangeError(`${paidMinor} cannot be paid back: ${leftToPayMinor} is left`);
  const gross =
    taken?.gross ?? (paidMinor === leftToPayMinor ? left : apportion(Math.min(paidMinor, leftMinor), left));
  const vat = invoice.vat.map((group, i) => {
    const ofGroup = items.flatMap((item, j) => (item.group === i ? [j] : []));
    const from = sumOf(ofGroup.map((j) => (progress.items[j] as Progress['items'][number]).creditedMinor));
    return { ...group, ...between(group, from, from + sumOf(ofGroup.map((j) => gross[j] as number))) };
  });
  const lines = creditedLines(items, gross, vat, taken?.quantities ?? new Map(), exponentOf(currency));
  return {
    amounts: partial(invoice, lines, vat, paidMinor - sumOf(gross), exponentOf(currency)),
    progress: {
      items: progress.items.map(({ creditedMinor, creditedQuantity }, i) => ({
        creditedMinor: creditedMinor + (gross[i] as number),
        creditedQuantity: decimalText(
          plus(decimalOf(creditedQuantity), taken?.quantities.get(i) ?? { units: 0n, scale: 0 }),
        ),
      })),
      paidBackMinor: progress.paidBackMinor + paidMinor,
    },
  };
}

/**
 * The amounts of the credit note of a refund by amount alone: of what was paid back from `fromMinor` to `toMinor` in all. Each
 * follows from its own refund, in whatever order refunds arrive. Adjacent ones add up to the invoice exactly, for any line,
 * category and rate, in net and in tax, and none is negative.
 *
 * @throws RangeError when the stretch does not lie within what was paid
 */
export function creditOfStretch(
  invoice: Amounts,
  currency: string,
  fromMinor: number,
  toMinor: number,
): Amounts {
  if (!(0 <= fromMinor && fromMinor < toMinor && toMinor <= invoice.paidMinor))
    throw new RangeError(`${fromMinor} to ${toMinor} does not lie within ${invoice.paidMinor}`);
  const items = creditableOf(invoice);
  const weights = items.map(({ grossMinor }) => grossMinor);
  // What is paid back in the end brings the invoice's rounding with it.
  const creditedUpTo = (paid: number) =>
    apportion(paid === invoice.paidMinor ? invoice.grossMinor : Math.min(paid, invoice.grossMinor), weights);
  const [before, after] = [creditedUpTo(fromMinor), creditedUpTo(toMinor)];
  const gross = items.map((_, i) => (after[i] as number) - (before[i] as number));
  const vat = invoice.vat.map((group, i) => {
    const sumOfGroup = (parts: number[]) => sumOf(parts.filter((_, j) => items[j]?.group === i));
    return { ...group, ...between(group, sumOfGroup(before), sumOfGroup(after)) };
  });
  const exponent = exponentOf(currency);
  const lines = creditedLines(items, gross, vat, new Map(), exponent);
  return partial(invoice, lines, vat, toMinor - fromMinor - sumOf(gross), exponent);
}

/** The amounts of a payment of which less than all was taken: a line for each category and rate, in proportion. */
export function amountsOfPart(
  whole: Amounts,
  currency: string,
  capturedMinor: number,
  orderId: string,
): Amounts {
  if (capturedMinor === whole.paidMinor) return whole;
  if (capturedMinor < 1 || capturedMinor > whole.paidMinor)
    throw new RangeError(`${capturedMinor} is no part of ${whole.paidMinor}`);
  const grossMinor = Math.min(capturedMinor, whole.grossMinor);
  const vat = stretchOf(whole.vat, 0, grossMinor);
  const description = `Order ${orderId}: ${formatAmount(capturedMinor, currency)} of ${formatAmount(whole.paidMinor, currency)}`;
  const lines = vat
    .filter(isSome)
    .map(({ category, taxRate, net }) =>
      lineOf({ category, taxRate, description, itemId: null }, one, 'C62', net, exponentOf(currency)),
    );
  return partial(whole, lines, vat, capturedMinor - grossMinor, exponentOf(currency));
}

const isSome = ({ net, tax }: VatGroup): boolean => net + tax > 0;

/**
 * The amounts of a part of a document. Where it has nothing but rounding, that is its line, because a document has one at
 * least (BR-16).
 */
function partial(
  whole: Amounts,
  lines: DocumentLine[],
  vat: VatGroup[],
  roundingMinor: number,
  exponent: number,
): Amounts {
  const [group] = whole.vat;
  if (lines.length > 0 || !group)
    return totalled({ lines, adjustments: [], vat: vat.filter(isSome) }, roundingMinor);
  const { category, taxRate } = group;
  const line = lineOf({ category, taxRate, description: 'Rounding', itemId: null }, one, 'C62', 0, exponent);
  return totalled({ lines: [line], adjustments: [], vat: [{ ...group, net: 0, tax: 0 }] }, roundingMinor);
}

type Taken = { gross: number[]; quantities: Map<number, Decimal> };

function takenByLine(items: Creditable[], progress: Progress, left: number[], lines: RefundLine[]): Taken {
  const gross = items.map(() => 0);
  const quantities = new Map<number, Decimal>();
  for (const wanted of lines) {
    const { line } = wanted;
    const item = items[line];
    if (!item || !('quantity' in item.of)) throw new RangeError(`The invoice has no line ${line + 1}`);
    if (gross[line] !== 0 || quantities.has(line)) throw new RangeError(`Line ${line + 1} is named twice`);
    const of = item.of;
    const amount =
      'quantity' in wanted
        ? grossOfQuantity(of, item.grossMinor, progress.items[line], decimalOf(wanted.quantity))
        : wanted.amountMinor;
    const rest = left[line] as number;
    // A part of the line may have been paid back already without saying for how many.
    const taken = 'quantity' in wanted ? Math.min(amount, rest) : amount;
    if (taken < 1 || taken > rest)
      throw new RangeError(`Of line ${line + 1}, ${rest} is left, and not ${taken}`);
    gross[line] = taken;
    if ('quantity' in wanted) quantities.set(line, decimalOf(wanted.quantity));
  }
  return { gross, quantities };
}

/** Cumulated, so that quantities that make the whole line also make its whole amount. */
function grossOfQuantity(
  line: DocumentLine,
  grossMinor: number,
  item: Progress['items'][number] | undefined,
  wanted: Decimal,
): number {
  const quantity = decimalOf(line.quantity);
  const before = decimalOf(item?.creditedQuantity ?? '0');
  const after = plus(before, wanted);
  if (wanted.units <= 0n || compare(after, quantity) > 0)
    throw new RangeError(
      `${decimalText(wanted)} cannot be returned: ${decimalText(before)} of ${decimalText(quantity)} were`,
    );
  const cut = (part: Decimal) =>
    roundedRatio(
      BigInt(grossMinor) * part.units * 10n ** BigInt(quantity.scale),
      quantity.units * 10n ** BigInt(part.scale),
    );
  return Number(cut(after) - cut(before));
}

function paidFor(grossMinor: number, leftMinor: number, leftToPayMinor: number): number {
  return grossMinor === leftMinor ? leftToPayMinor : Math.min(grossMinor, leftToPayMinor);
}

/** A line for each item that something is taken back of. Those of a category and rate share its net amount. */
function creditedLines(
  items: Creditable[],
  gross: number[],
  vat: VatGroup[],
  quantities: Map<number, Decimal>,
  exponent: number,
): DocumentLine[] {
  const net = items.map(() => 0);
  for (const [i, group] of vat.entries()) {
    const ofGroup = items.flatMap((item, j) => (item.group === i ? [j] : []));
    const parts = apportion(
      group.net,
      ofGroup.map((j) => gross[j] as number),
    );
    for (const [k, j] of ofGroup.entries()) net[j] = parts[k] as number;
  }
  return items.flatMap(({ of }, i) => {
    if (gross[i] === 0) return [];
    const { category, taxRate } = of;
    const [description, itemId, unitCode] =
      'quantity' in of ? [of.description, of.itemId, of.unitCode] : [of.reason, null, 'C62'];
    const quantity = quantities.get(i);
    const facts = { category, taxRate, description, itemId };
    return [lineOf(facts, quantity ?? one, quantity ? unitCode : 'C62', net[i] as number, exponent)];
  });
}

const one: Decimal = { units: 1n, scale: 0 };

const lineOf = (
  facts: Pick<DocumentLine, 'category' | 'taxRate' | 'description' | 'itemId'>,
  quantity: Decimal,
  unitCode: string,
  netMinor: number,
  exponent: number,
): DocumentLine => ({
  ...facts,
  quantity: decimalText(quantity),
  unitCode,
  unitPrice: unitPriceFor(quantity, BigInt(netMinor), exponent),
  adjustments: [],
  netMinor,
});

const sumOf = (values: number[]): number => values.reduce((sum, value) => sum + value, 0);

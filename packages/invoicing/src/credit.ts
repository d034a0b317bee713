import { exponentOf, formatAmount } from '@fanfold/contracts/currency';
import { roundedRatio } from '@fanfold/contracts/rounding';
import { apportion, between, type NetAndTax, stretchOf } from '@fanfold/contracts/share';
import { totalled, unitPriceFor } from './amounts.ts';
import { compare, type Decimal, decimalOf, decimalText, plus } from './decimal.ts';
import type { Amounts, DocumentLine, VatGroup, VatKey } from './document.ts';

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
 * What can be credited: lines, each with its gross amount after what its category and rate have taken off and added. A customer who
 * returns a thing gets back what it cost in the end. Those that take something off have 0. Behind them are charges on the whole of a
 * category and rate without lines.
 */
export function creditableOf({ lines, adjustments, vat }: Amounts): Creditable[] {
  const items = [
    ...lines.map((line) => ({ of: line, group: groupOf(vat, line), weight: Math.max(0, line.netMinor) })),
    ...adjustments
      .filter((one) => one.kind === 'charge' && !lines.some((line) => isAlike(line, one)))
      .map((charge) => ({ of: charge, group: groupOf(vat, charge), weight: charge.amountMinor })),
  ].map(({ of, group, weight }) => ({ of, group, weight, grossMinor: 0 }));
  for (const [i, { net, tax }] of vat.entries()) {
    const ofGroup = items.filter(({ group }) => group === i);
    // A price so small that all of it is tax leaves no net amount to go by: then the first line has the tax.
    const isAllTax = ofGroup.every(({ weight }) => weight === 0);
    const parts = apportion(
      net + tax,
      ofGroup.map(({ weight }, j) => (isAllTax && j === 0 ? 1 : weight)),
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

const groupOf = (vat: VatGroup[], key: VatKey): number => vat.findIndex((group) => isAlike(group, key));

const isAlike = (a: VatKey, b: VatKey): boolean => a.category === b.category && a.taxRate === b.taxRate;

export const nothingCredited = (invoice: Amounts): Progress => ({
  items: creditableOf(invoice).map(() => ({ creditedMinor: 0, creditedQuantity: '0' })),
  paidBackMinor: 0,
});

/** What is taken back of an item of {@link creditableOf}: so much with tax, and of a line how many, where that was said. */
export type Taken = { item: number; amountMinor: number; quantity: string | null };

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
  const { taken, paidMinor } = takenBy(invoice, progress, refund);
  return {
    amounts: creditOfTaken(
      invoice,
      currency,
      taken,
      vatOfTaken(invoice, taken, creditedOfGroups(invoice, progress)),
      paidMinor,
    ),
    progress: withTaken(progress, taken, paidMinor),
  };
}

/**
 * What a refund takes back of each item, and pays back.
 *
 * @throws RangeError when it is more than is left, or nothing
 */
export function takenBy(
  invoice: Amounts,
  progress: Progress,
  refund: Refund,
): { taken: Taken[]; paidMinor: number } {
  const items = creditableOf(invoice);
  const left = items.map(
    ({ grossMinor }, i) => grossMinor - (progress.items[i] as Progress['items'][number]).creditedMinor,
  );
  const byLine = 'lines' in refund ? takenByLine(items, progress, left, refund.lines) : null;
  const leftMinor = sumOf(left);
  const leftToPayMinor = invoice.paidMinor - progress.paidBackMinor;
  // What is paid back in the end brings the invoice's rounding with it.
  const paidMinor =
    'amountMinor' in refund
      ? refund.amountMinor
      : paidFor(sumOf(byLine?.gross ?? []), leftMinor, leftToPayMinor);
  if (paidMinor < 1 || paidMinor > leftToPayMinor)
    throw new RangeError(`${paidMinor} cannot be paid back: ${leftToPayMinor} is left`);
  // Nothing is paid back after the last that was paid, so its credit note has all that is left, of other lines too: a payment
  // that was rounded down ends before its lines do.
  const gross =
    paidMinor === leftToPayMinor ? left : (byLine?.gross ?? apportion(Math.min(paidMinor, leftMinor), left));
  const taken = gross.flatMap((amountMinor, item) => {
    const quantity = byLine?.gross[item] === amountMinor ? byLine.quantities.get(item) : undefined;
    return amountMinor === 0
      ? []
      : [{ item, amountMinor, quantity: quantity ? decimalText(quantity) : null }];
  });
  return { taken, paidMinor };
}

/** What has been credited once this is. */
export function withTaken(progress: Progress, taken: Taken[], paidMinor: number): Progress {
  const byItem = new Map(taken.map((each) => [each.item, each]));
  return {
    items: progress.items.map(({ creditedMinor, creditedQuantity }, i) => {
      const { amountMinor = 0, quantity = null } = byItem.get(i) ?? {};
      return {
        creditedMinor: creditedMinor + amountMinor,
        creditedQuantity: decimalText(plus(decimalOf(creditedQuantity), decimalOf(quantity ?? '0'))),
      };
    }),
    paidBackMinor: progress.paidBackMinor + paidMinor,
  };
}

/** How much of each category and rate has been credited, with tax. */
export const creditedOfGroups = (invoice: Amounts, { items }: Progress): number[] =>
  sumsOfGroups(
    invoice,
    items.map(({ creditedMinor }) => creditedMinor),
  );

/** The sums of amounts that items have, by category and rate. */
function sumsOfGroups(invoice: Amounts, amounts: number[]): number[] {
  const sums = invoice.vat.map(() => 0);
  for (const [i, { group }] of creditableOf(invoice).entries())
    sums[group] = (sums[group] ?? 0) + (amounts[i] ?? 0);
  return sums;
}

/** From where to where a credit note goes in each category and rate, with tax, when it takes this. */
export const groupsOfTaken = (
  invoice: Amounts,
  taken: Taken[],
  before: number[],
): [from: number, to: number][] => {
  const amounts = new Map(taken.map(({ item, amountMinor }) => [item, amountMinor]));
  const sums = sumsOfGroups(
    invoice,
    creditableOf(invoice).map((_, i) => amounts.get(i) ?? 0),
  );
  return sums.map((sum, i) => [before[i] ?? 0, (before[i] ?? 0) + sum]);
};

/**
 * The net and tax of what is taken back, by category and rate.
 *
 * @param before how much of each category and rate was credited before it: so it is the same whatever came before it
 */
export const vatOfTaken = (invoice: Amounts, taken: Taken[], before: number[]): NetAndTax[] =>
  groupsOfTaken(invoice, taken, before).map(([from, to], i) => between(invoice.vat[i] as VatGroup, from, to));

/**
 * The net and tax of what is taken back when credit notes before it were reversed, by category and rate. They come as near to
 * proportion as what is left of the invoice allows: the credit notes that stand never pass it, and add up to it in the end.
 *
 * @param grossMinor what is taken back, with tax; at most what is left
 * @param standing what the credit notes that stand have taken back
 */
export function vatAfterReversals(
  whole: readonly NetAndTax[],
  grossMinor: readonly number[],
  standing: readonly NetAndTax[],
): NetAndTax[] {
  return whole.map((group, i) => {
    const gross = grossMinor[i] ?? 0;
    const { net, tax } = standing[i] ?? { net: 0, tax: 0 };
    const proportional = between(group, 0, net + tax + gross).tax - tax;
    const least = Math.max(0, gross - (group.net - net));
    const most = Math.min(gross, group.tax - tax);
    const taken = Math.min(Math.max(proportional, least), most);
    return { net: gross - taken, tax: taken };
  });
}

/**
 * The amounts of the credit note of what is taken back, and `paidMinor` for it.
 *
 * @param vatTaken the net and tax of it, by category and rate
 */
export function creditOfTaken(
  invoice: Amounts,
  currency: string,
  taken: Taken[],
  vatTaken: NetAndTax[],
  paidMinor: number,
): Amounts {
  const items = creditableOf(invoice);
  const gross = items.map((_, i) => taken.find(({ item }) => item === i)?.amountMinor ?? 0);
  const quantities = new Map(
    taken.flatMap(({ item, quantity }) => (quantity === null ? [] : [[item, decimalOf(quantity)] as const])),
  );
  const vat = invoice.vat.map((group, i) => ({ ...group, ...(vatTaken[i] ?? { net: 0, tax: 0 }) }));
  const exponent = exponentOf(currency);
  const lines = creditedLines(items, gross, vat, quantities, exponent);
  return partial(invoice, lines, vat, paidMinor - sumOf(gross), exponent);
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
  const { taken, before } = takenOfStretch(invoice, fromMinor, toMinor);
  return creditOfTaken(invoice, currency, taken, vatOfTaken(invoice, taken, before), toMinor - fromMinor);
}

/**
 * What is taken back from `fromMinor` to `toMinor` of what was paid, and how much of each category and rate was before it.
 *
 * @throws RangeError when the stretch does not lie within what was paid
 */
export function takenOfStretch(
  invoice: Amounts,
  fromMinor: number,
  toMinor: number,
): { taken: Taken[]; before: number[] } {
  if (!(0 <= fromMinor && fromMinor < toMinor && toMinor <= invoice.paidMinor))
    throw new RangeError(`${fromMinor} to ${toMinor} does not lie within ${invoice.paidMinor}`);
  const [before, after] = [creditedUpTo(invoice, fromMinor), creditedUpTo(invoice, toMinor)];
  return {
    taken: after.flatMap((amount, item) => {
      const amountMinor = amount - (before[item] as number);
      return amountMinor === 0 ? [] : [{ item, amountMinor, quantity: null }];
    }),
    before: sumsOfGroups(invoice, before),
  };
}

/** How much of each item is credited when so much was paid back by amounts alone. */
export function creditedUpTo(invoice: Amounts, paidMinor: number): number[] {
  // What is paid back in the end brings the invoice's rounding with it.
  const grossMinor =
    paidMinor === invoice.paidMinor ? invoice.grossMinor : Math.min(paidMinor, invoice.grossMinor);
  return apportion(
    grossMinor,
    creditableOf(invoice).map((item) => item.grossMinor),
  );
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
  const part = { ...whole, vat, roundingMinor: capturedMinor - grossMinor };
  return inGroups(part, currency, description);
}

/** Amounts with one line for each category and rate, as where nobody knows to which lines of the order they belong. */
export function inGroups(
  whole: Pick<Amounts, 'vat' | 'roundingMinor'>,
  currency: string,
  description: string,
): Amounts {
  const exponent = exponentOf(currency);
  const lines = whole.vat
    .filter(isSome)
    .map(({ category, taxRate, net }) =>
      lineOf({ category, taxRate, description, itemId: null }, one, 'C62', net, exponent),
    );
  return partial(whole, lines, whole.vat, whole.roundingMinor, exponent);
}

const isSome = ({ net, tax }: VatGroup): boolean => net + tax > 0;

/**
 * The amounts of a part of a document. Where it has nothing but rounding, that is its line, because a document has one at
 * least (BR-16).
 */
function partial(
  whole: Pick<Amounts, 'vat'>,
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

type TakenByLine = { gross: number[]; quantities: Map<number, Decimal> };

function takenByLine(
  items: Creditable[],
  progress: Progress,
  left: number[],
  lines: RefundLine[],
): TakenByLine {
  const gross = items.map(() => 0);
  const quantities = new Map<number, Decimal>();
  eachLine(lines, (wanted) => {
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
      throw new RangeError(`of line ${line + 1}, ${rest} is left, and not ${taken}`);
    gross[line] = taken;
    if ('quantity' in wanted) quantities.set(line, decimalOf(wanted.quantity));
  });
  return { gross, quantities };
}

/** More of a line than is left of it, or nothing. */
export class LineError extends RangeError {
  override name = 'LineError';
  /** Which of the lines that a refund is for, from 0. */
  readonly index: number;

  constructor(index: number, message: string) {
    super(message);
    this.index = index;
  }
}

/** @throws LineError for a RangeError of one of them */
export function eachLine<Line>(lines: readonly Line[], work: (line: Line) => void): void {
  for (const [index, line] of lines.entries()) {
    try {
      work(line);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new LineError(index, error.message);
    }
  }
}

/**
 * What a quantity of a line is worth, with tax. Cumulated, so that quantities that make the whole line also make its whole amount.
 *
 * @param grossMinor what all of the line is worth
 * @throws RangeError when the line does not have so many left
 */
export function grossOfQuantity(
  line: DocumentLine,
  grossMinor: number,
  item: Progress['items'][number] | undefined,
  wanted: Decimal,
): number {
  const quantity = decimalOf(line.quantity);
  const before = decimalOf(item?.creditedQuantity ?? '0');
  const after = plus(before, wanted);
  if (wanted.units <= 0n) throw new RangeError('must be more than 0');
  if (compare(after, quantity) > 0)
    throw new RangeError(
      `must be at most what is left of ${decimalText(quantity)}, of which ${decimalText(before)} were returned`,
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

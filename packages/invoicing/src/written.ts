import { majorAmount } from '@fanfold/contracts/currency';
import type { VatCategory } from '@fanfold/contracts/vatCategory';
import type { Adjustment, TaxDocument } from './document.ts';

/** What UBL and CII write the same. */

/** Code list UNTDID 1001 (BT-3). */
export const typeCodes: Record<TaxDocument['kind'], string> = { invoice: '380', 'credit-note': '381' };

/** Code list UNTDID 4461 (BT-81): a card, or an instrument that is not known. */
export const paymentMeansOf = ({ card }: TaxDocument): string => (card ? '48' : '1');

/**
 * "Not subject to VAT" has no rate where it is used (BR-O-05), though XRechnung asks for one in the breakdown (BR-DE-14),
 * and neither party's VAT id may stand beside it (BR-O-02).
 */
export const rateOf = (category: VatCategory, taxRate: string): string | null =>
  category === 'O' ? null : taxRate;

export const vatIdOf = (vatId: string | null, { amounts }: TaxDocument): string | null =>
  amounts.vat.some(({ category }) => category === 'O') ? null : vatId;

/** The percentage and the amount that it is of, where a document can say both. */
export const percentageOf = ({
  percent,
  baseMinor,
}: Adjustment): { percent: string; baseMinor: number } | null =>
  percent === undefined || baseMinor === undefined ? null : { percent, baseMinor };

export const amountText = (amountMinor: number, { currency }: TaxDocument): string =>
  majorAmount(amountMinor, currency);

/** Peppol allows one note (PEPPOL-EN16931-R002). */
export function noteOf({ kind, isSimplified, notes, accountingTax }: TaxDocument): string | null {
  const all = [
    // The code list of types (BT-3) has none for it.
    ...(isSimplified && kind === 'invoice' ? ['Simplified invoice'] : []),
    ...notes,
    ...(accountingTax
      ? [`1 of this currency is ${accountingTax.rate} ${accountingTax.currency}: ${accountingTax.source}`]
      : []),
  ];
  return all.length === 0 ? null : all.join('\n');
}

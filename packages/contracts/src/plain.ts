import type { Line, Totals } from './fields.ts';
import { shareOf } from './share.ts';
import { totalsOf } from './tax.ts';

/** What a payment without an order says of what was bought. */
export type Plain = {
  orderId: string;
  description: string | null;
  amount: number;
  amountCaptured: number;
  lines: Line[] | null;
};

/** Without lines, the invoice has one for the whole amount, at rate 0. */
export const plainLinesOf = ({
  lines,
  description,
  orderId,
  amount,
}: Omit<Plain, 'amountCaptured'>): Line[] =>
  lines ?? [
    { description: description ?? `Order ${orderId}`, quantity: 1, unitAmount: amount, taxRate: '0.00' },
  ];

/** The totals of the invoice of such a payment, for the part that was captured. */
export function plainTotalsOf(plain: Plain): Totals {
  const ordered = totalsOf(plainLinesOf(plain));
  const { amount, amountCaptured } = plain;
  return amountCaptured === amount ? ordered : shareOf(ordered, 0, amountCaptured);
}

/** What happens to a payment with a payment method. The names are those of Stripe's test mode: https://docs.stripe.com/testing */
export type Behaviour = {
  /** The code of the decline. */
  declined?: string;
  /** The customer has to authenticate. */
  authenticates?: true;
  /** The money takes days. */
  takesTime?: true;
  /** What becomes of its refunds: `late` ones are pending first, and one that `fails` has succeeded first. */
  refunds?: 'late' | 'fail';
  /** The customer's bank takes the money back. */
  disputed?: true;
};

export const behaviours: Record<string, Behaviour> = {
  pm_card_visa: {},
  pm_card_chargeDeclined: { declined: 'generic_decline' },
  pm_card_chargeDeclinedInsufficientFunds: { declined: 'insufficient_funds' },
  pm_card_visa_chargeDeclined: { declined: 'generic_decline' },
  pm_card_chargeDeclinedExpiredCard: { declined: 'expired_card' },
  pm_card_authenticationRequired: { authenticates: true },
  pm_card_pendingRefund: { refunds: 'late' },
  pm_card_refundFail: { refunds: 'fail' },
  pm_card_createDispute: { disputed: true },
  pm_usBankAccount: { takesTime: true },
};

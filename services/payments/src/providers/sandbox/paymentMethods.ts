/** What the API takes, as a JSON Schema: each stands for what becomes of a payment. */
export const paymentMethods = {
  enum: [
    'pm_card_visa',
    'pm_card_declined',
    'pm_card_insufficient_funds',
    'pm_card_timeout',
    'pm_card_timeout_lost',
    'pm_card_error',
    'pm_card_authentication_required',
    'pm_card_pending',
    'pm_card_refund_fails',
  ],
} as const;

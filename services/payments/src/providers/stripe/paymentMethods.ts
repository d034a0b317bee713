/** What the API takes, as a JSON Schema. https://docs.stripe.com/api/payment_methods; older ids are of cards and sources. */
export const paymentMethods = {
  pattern: '^(pm|card|src)_\\w{1,200}$',
  description:
    'The id of a payment method of Stripe, which a page of yours makes. Card numbers are never accepted.',
};

/** What a payment is asked for with, beside its order's id: 121.00 EUR with tax. */
export const twoChairs = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  description: 'Two chairs',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    address: { line1: 'Main St 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
  },
  lines: [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }],
};

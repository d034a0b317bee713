/** What a small shop asks for: two lines, a customer with an address. */
export const paymentOf = (n: number) => ({
  amount: 15_670,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: `order-${String(n).padStart(8, '0')}`,
  description: 'Two chairs and a lamp',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    address: { line1: 'Main St 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
  },
  lines: [
    { description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' },
    { description: 'Lamp', quantity: 1, unitAmount: 2950, taxRate: '21.00' },
  ],
});

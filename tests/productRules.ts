import { describe, expect, it, vi } from 'vitest';
import { type Client, type Shown, twoChairs } from './client.ts';

/** Holds once it holds: what follows from an answer of the API may come on its own time. */
export const eventually = <T>(check: () => Promise<T>): Promise<T> =>
  vi.waitFor(check, { timeout: 30_000, interval: 100 });

export const pay = async (merchant: Client, changes: Record<string, unknown> = {}) => {
  const { status, body } = await merchant.post('/payments', twoChairs(changes));
  expect(status).toBe(201);
  return body;
};

export const invoiceOf = (merchant: Client, paymentId: string) =>
  eventually(async () => {
    const { body } = await merchant.get(`/invoices?paymentId=${paymentId}`);
    expect(body.data).toHaveLength(1);
    return body.data[0] as Shown;
  });

/**
 * What holds over HTTP, however the product is built.
 *
 * @param client of a merchant, by the name of the chapter
 * @param settle has the clock that finds outcomes out run now
 */
export function productRules(
  client: (chapter: string) => Promise<Client>,
  settle: () => Promise<unknown>,
): void {
  describe('an order', () => {
    const chair = { description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' };
    const untaxed = (taxCategory: string, more = {}) => ({ ...chair, taxRate: '0', taxCategory, ...more });
    const company = {
      name: 'Beispiel GmbH',
      vatId: 'DE136695976',
      address: { city: 'Berlin', country: 'DE' },
    };
    const delivery = { date: '2026-11-29', country: 'DE' };

    it.each<[what: string, changes: Record<string, unknown>, category: string, totals: object]>([
      ['at home', { lines: [chair] }, 'S', { net: 10_000, tax: 2100, gross: 12_100 }],
      [
        'under reverse charge',
        { amount: 10_000, customer: company, lines: [untaxed('AE')] },
        'AE',
        { net: 10_000, tax: 0 },
      ],
      [
        'into another country of the EU',
        { amount: 10_000, customer: company, lines: [untaxed('K')], delivery },
        'K',
        { net: 10_000, tax: 0 },
      ],
      ['for export', { amount: 10_000, lines: [untaxed('G')] }, 'G', { net: 10_000, tax: 0 }],
      [
        'that is exempt',
        { amount: 10_000, lines: [untaxed('E', { exemptionCode: 'VATEX-EU-132' })] },
        'E',
        { net: 10_000, tax: 0 },
      ],
      [
        'with a price that only exists with tax',
        { amount: 999, lines: [{ ...chair, quantity: 1, unitAmount: 999 }], pricesIncludeTax: true },
        'S',
        { net: 826, tax: 173, gross: 999 },
      ],
      [
        'of one amount and its rate',
        { amount: 999, taxRate: '21.00' },
        'S',
        { net: 826, tax: 173, gross: 999 },
      ],
    ])('%s has its invoice', async (_what, changes, category, totals) => {
      const merchant = await client('orders');
      const { id } = await pay(merchant, { lines: undefined, ...changes });
      expect(await invoiceOf(merchant, id)).toMatchObject({
        seller: { legalName: 'Fanfold Example BV', version: 0 },
        lines: [{ taxCategory: category }],
        totals: { ...totals, taxByRate: [{ category }] },
      });
    });

    it('of several rates, hours and a discount is given back in parts, down to nothing', async () => {
      const merchant = await client('orders');
      const { id } = await pay(merchant, {
        amount: 21_356,
        lines: [
          { ...chair, discount: { amount: 1000, reason: 'Loyalty' } },
          { description: 'Advice', quantity: '1.5', unit: 'HUR', unitAmount: 6000, taxRate: '21.00' },
          { description: 'Voucher', quantity: 1, unitAmount: -1000, taxRate: '21.00' },
          { description: 'Screw', quantity: 1000, unitAmount: '0.0035', taxRate: '6' },
          { description: 'Course', quantity: 1, unitAmount: 415, taxRate: '0', taxCategory: 'Z' },
        ],
      });
      const invoice = await invoiceOf(merchant, id);
      expect(invoice).toMatchObject({ totals: { net: 17_765, tax: 3591, gross: 21_356 } });
      for (const amount of [1, 7000, 14_355]) {
        expect(await merchant.post(`/payments/${id}/refunds`, { amount })).toMatchObject({ status: 201 });
      }
      const { creditNotes } = await eventually(async () => {
        const credited = await invoiceOf(merchant, id);
        expect(credited).toMatchObject({ status: 'credited' });
        return credited;
      });
      const notes = await Promise.all(
        creditNotes.map(async (note) => (await merchant.get(`/credit-notes/${note.id}`)).body),
      );
      const sums = (part: 'net' | 'tax') => notes.reduce((sum, { totals }) => sum + totals[part], 0);
      expect([sums('net'), sums('tax')]).toEqual([invoice.totals.net, invoice.totals.tax]);
    });

    it('of which a line comes back is credited with the VAT of that line, and then with the rest', async () => {
      const merchant = await client('orders');
      const book = { description: 'Book', quantity: 2, unitAmount: 1000, taxRate: '9' };
      const { id } = await pay(merchant, { amount: 14_280, lines: [chair, book] });
      const noteOf = (refundId: string) =>
        eventually(async () => {
          const { body } = await merchant.get(`/credit-notes?paymentId=${id}`);
          const note = body.data.find((each) => each.refundId === refundId);
          expect(note).toBeDefined();
          return note;
        });
      const books = await merchant.post(`/payments/${id}/refunds`, { lines: [{ line: 2, quantity: 1 }] });
      expect(books).toMatchObject({ status: 201, body: { amount: 1090, lines: [{ line: 2, quantity: 1 }] } });
      expect(await noteOf(books.body.id)).toMatchObject({
        totals: { net: 1000, tax: 90, taxByRate: [{ rate: '9.00' }] },
      });
      const again = await merchant.post(`/payments/${id}/refunds`, { lines: [{ line: 2, quantity: 2 }] });
      expect(again).toMatchObject({ status: 422, body: { errors: [{ pointer: '#/lines/0/quantity' }] } });
      const rest = await merchant.post(`/payments/${id}/refunds`, {});
      expect(rest).toMatchObject({ status: 201, body: { amount: 13_190 } });
      expect(await noteOf(rest.body.id)).toMatchObject({ totals: { net: 11_000, tax: 2190 } });
      expect(await invoiceOf(merchant, id)).toMatchObject({ status: 'credited' });
    });

    it('whose invoice would break a rule is refused before anybody is charged, with field and rule', async () => {
      const merchant = await client('orders');
      const { status, body } = await merchant.post(
        '/payments',
        twoChairs({ amount: 10_000, lines: [untaxed('AE')] }),
      );
      expect(status).toBe(422);
      expect(body.errors).toEqual([
        { pointer: '#/customer/vatId', detail: 'must be given for category AE', rule: 'BR-AE-02' },
      ]);
    });
  });

  describe('a payment', () => {
    it('captured in part and refunded twice has one invoice and two credit notes, and shows their numbers', async () => {
      const merchant = await client('straight');
      const payment = await pay(merchant, { captureMethod: 'manual' });
      expect(payment).toMatchObject({ object: 'payment', status: 'authorized', amountCaptured: 0 });

      const captured = await merchant.post(`/payments/${payment.id}/capture`, { amount: 9000 });
      expect(captured).toMatchObject({ status: 200, body: { status: 'captured', amountCaptured: 9000 } });

      for (const amount of [2000, 7000]) {
        const refund = await merchant.post(`/payments/${payment.id}/refunds`, { amount });
        expect(refund).toMatchObject({
          status: 201,
          body: { object: 'refund', amount, status: 'succeeded' },
        });
      }
      const tooMuch = await merchant.post(`/payments/${payment.id}/refunds`, { amount: 1 });
      expect(tooMuch).toMatchObject({ status: 409, body: { code: 'refund_exceeds_captured' } });

      const shown = await eventually(async () => {
        const { body } = await merchant.get(`/payments/${payment.id}`);
        expect(body.invoiceNumber).toBe(`INV-${new Date().getUTCFullYear()}-000001`);
        expect(body.refunds.every(({ creditNoteNumber }) => creditNoteNumber !== null)).toBe(true);
        return body;
      });
      expect(shown).toMatchObject({ status: 'captured', amountRefunded: 9000 });
      const invoice = await invoiceOf(merchant, payment.id);
      expect(invoice).toMatchObject({ status: 'credited', totals: { gross: 9000 } });
      expect(invoice.creditNotes).toHaveLength(2);
    });

    it('asked for again with the same key is the same payment, and another body is refused', async () => {
      const merchant = await client('straight');
      const key = { 'idempotency-key': '"one-order-one-payment"' };
      const first = await merchant.post('/payments', twoChairs({ orderId: 'order-again' }), key);
      const again = await merchant.post('/payments', twoChairs({ orderId: 'order-again' }), key);
      expect(again).toMatchObject({ status: 201, body: { id: first.body.id } });
      expect(again.headers.get('idempotent-replayed')).toBe('true');
      const other = await merchant.post('/payments', twoChairs({ orderId: 'another' }), key);
      expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    });

    it('of another merchant is not there', async () => {
      const payment = await pay(await client('straight'));
      const stranger = await client('stranger');
      const { status, body } = await stranger.get(`/payments/${payment.id}`);
      const missing = await stranger.get(`/payments/pay_${'0'.repeat(32)}`);
      expect(status).toBe(404);
      expect({ ...body, requestId: '', instance: '' }).toEqual({
        ...missing.body,
        requestId: '',
        instance: '',
      });
    });

    it('whose provider never answers is settled by the janitor', async () => {
      const merchant = await client('unknown');
      const [charged, lost] = await Promise.all([
        pay(merchant, { paymentMethod: 'pm_card_timeout' }),
        pay(merchant, { paymentMethod: 'pm_card_timeout_lost' }),
      ]);
      expect([charged.status, lost.status]).toEqual(['processing', 'processing']);
      await settle();
      expect((await merchant.get(`/payments/${charged.id}`)).body).toMatchObject({ status: 'captured' });
      expect((await merchant.get(`/payments/${lost.id}`)).body).toMatchObject({
        status: 'failed',
        failure: { code: 'provider_timeout' },
      });
      await invoiceOf(merchant, charged.id);
    });
  });

  describe('the events of a payment', () => {
    it('are there once and in order, and are found by subject, type and request', async () => {
      const merchant = await client('events');
      const { id } = await pay(merchant);
      expect((await merchant.post(`/payments/${id}/refunds`, { amount: 100 })).status).toBe(201);
      const found = async (query: string) => (await merchant.all(`/events?${query}`)).map(({ type }) => type);
      await eventually(async () =>
        expect(await found(`subject=${id}`)).toEqual(['payment.captured.v1', 'payment.refunded.v1']),
      );
      const [captured] = (await merchant.get(`/events?subject=${id}`)).body.data;
      const { correlationid } = captured as unknown as { correlationid: string };
      await eventually(async () =>
        expect(await found(`correlationId=${correlationid}`)).toEqual(
          expect.arrayContaining(['payment.captured.v1', 'invoice.issued.v1']),
        ),
      );
      expect(await found('type=payment.refunded.v1')).toEqual(['payment.refunded.v1']);
      expect(await found('to=2020-01-01T00:00:00Z')).toEqual([]);
      expect((await merchant.get(`/events/${captured?.id}`)).body).toEqual(captured);
      expect((await (await client('stranger')).get(`/events/${captured?.id}`)).status).toBe(404);
    });
  });
}

import { freeBasePort } from '@fanfold/local-cloud/ports';
import { parseKey } from '@fanfold/verify/key';
import { verifyLog } from '@fanfold/verify/log';
import { verifyProofFile } from '@fanfold/verify/proof';
import { urlReader } from '@fanfold/verify/reader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fanfold as runHere } from '../scripts/fanfold/commandFixtures.ts';
import { type BreakableProxy, startBreakableProxy } from './breakableProxy.ts';
import { type Client, clientOf, type Shown, twoChairs } from './client.ts';
import { eventually, invoiceOf, pay, productRules } from './productRules.ts';
import { providerTells } from './provider.ts';
import { invoke, type RunningStack, signLog, startDev } from './runningStack.ts';
import { deadLettersOf, queues, Wire } from './wire.ts';

/**
 * The main story, told over HTTP to the stack that `pnpm dev` starts. Each chapter has a merchant of its own; the
 * last one checks all of them.
 */
let stack: RunningStack;
let sns: BreakableProxy;
let wire: Wire;
let receivedByFourth: () => Promise<string[]>;
const merchants = [
  ...['straight', 'orders', 'events', 'late-seller', 'returned', 'disorder', 'poison', 'outage', 'unknown'],
].map((chapter) => `story-${chapter}`);

beforeAll(async () => {
  const base = await freeBasePort();
  sns = await startBreakableProxy(base + 4);
  stack = await startDev(base, { AWS_ENDPOINT_URL_SNS: sns.url });
  wire = new Wire(`http://127.0.0.1:${base + 4}`);
  receivedByFourth = await wire.subscribe('fourth-service');
}, 60_000);

afterAll(async () => {
  sns?.stop();
  expect(await stack?.stop()).toBe(0);
});

const client = (chapter: string): Promise<Client> => clientOf(stack.base, `story-${chapter}`);

productRules(client, () => invoke(stack.base, 'payments', 'janitor'));

describe('a refund that the bank returns', () => {
  it('is undone in the payment, has its credit note reversed, and can be given back once more, to the cent', async () => {
    const merchant = await client('returned');
    const { id } = await pay(merchant);
    const refund = async (amount?: number) => {
      const { status, body } = await merchant.post(`/payments/${id}/refunds`, { amount });
      expect(status).toBe(201);
      return body;
    };
    const first = await refund(5001);
    await refund(3001);
    const outcome = {
      result: 'failed',
      failure: { code: 'provider_error', message: 'The bank has returned it.', declineCode: null },
    } as const;
    // Twice, as notifications come.
    for (const key of [first.id, first.id])
      await providerTells(stack.base, merchant.merchantId, id, { refunds: [{ key, outcome }] });

    const shown = await eventually(async () => {
      const { body } = await merchant.get(`/payments/${id}`);
      const [failed] = body.refunds;
      expect(failed?.reversalInvoiceNumber).toMatch(/^INV-/);
      expect(body.refunds.every(({ creditNoteNumber }) => creditNoteNumber !== null)).toBe(true);
      return body;
    });
    expect(shown).toMatchObject({
      amountRefunded: 3001,
      refunds: [{ status: 'failed', failure: { code: 'provider_error' } }, { status: 'succeeded' }],
    });
    const year = new Date().getUTCFullYear();
    const { body: invoices } = await merchant.get(`/invoices?paymentId=${id}`);
    expect(invoices.data).toMatchObject([
      {
        number: `INV-${year}-000002`,
        reverses: { creditNoteNumber: shown.refunds[0]?.creditNoteNumber, refundId: first.id },
        totals: { gross: 5001 },
      },
      { number: shown.invoiceNumber, status: 'partially_credited' },
    ]);
    const reversedBy = { invoiceId: invoices.data[0]?.id, invoiceNumber: `INV-${year}-000002` };
    expect(invoices.data[1]?.creditNotes).toEqual([
      expect.objectContaining({ refundId: first.id, amount: 5001, reversedBy }),
      expect.not.objectContaining({ reversedBy }),
    ]);
    expect(await merchant.text(`/invoices/${invoices.data[0]?.id}/ubl`)).toContain(
      String(shown.refunds[0]?.creditNoteNumber),
    );
    const { body: creditNotes } = await merchant.get(`/credit-notes?paymentId=${id}`);
    expect(creditNotes.data.find(({ refundId }) => refundId === first.id)).toMatchObject({ reversedBy });

    // All that is left: what the failed refund had, and the rest. With those that stand it makes the invoice, in net and in tax.
    expect(await refund()).toMatchObject({ amount: 9099, status: 'succeeded' });
    await eventually(async () => {
      const { body } = await merchant.get(`/invoices/${invoices.data[1]?.id}`);
      expect(body.status).toBe('credited');
      const notes = await merchant.all('/credit-notes');
      const stands = notes.filter(({ refundId }) => refundId !== first.id).map(({ totals }) => totals);
      const sumOf = (part: 'net' | 'tax') => stands.reduce((sum, totals) => sum + totals[part], 0);
      expect([sumOf('net'), sumOf('tax')]).toEqual([body.totals.net, body.totals.tax]);
    });
    const events = await eventually(async () => {
      const found = (await merchant.all('/events')).filter(({ subject }) => subject === id);
      expect(found).toHaveLength(5);
      return found;
    });
    expect(events.map(({ type }) => type)).toEqual([
      'payment.captured.v1',
      ...['payment.refunded.v1', 'payment.refunded.v1', 'payment.refund-failed.v1', 'payment.refunded.v1'],
    ]);
  });

  it('is refused during a dispute, whose opening and end audit records', async () => {
    const merchant = await client('returned');
    const { id } = await pay(merchant);
    const dispute = {
      ...{ id: 'dp_story', amount: 12_100, currency: 'EUR', reason: 'fraudulent' },
      openedAt: new Date().toISOString(),
    };
    const tell = (status: 'open' | 'lost') =>
      providerTells(stack.base, merchant.merchantId, id, { disputes: [{ ...dispute, status }] });
    await tell('open');
    const during = await merchant.post(`/payments/${id}/refunds`, {});
    expect(during).toMatchObject({ status: 409, body: { code: 'payment_disputed' } });
    await tell('lost');
    await eventually(async () => {
      const about = (await merchant.all('/events')).filter(({ subject }) => subject === id);
      expect(about.map(({ type }) => type)).toEqual([
        'payment.captured.v1',
        'payment.dispute-opened.v1',
        'payment.dispute-closed.v1',
      ]);
    });
    // The sale was made: what the bank decides has no document.
    expect(await invoiceOf(merchant, id)).toMatchObject({ status: 'paid', creditNotes: [] });
  });
});

describe('a seller that arrives late', () => {
  const company = {
    legalName: 'Late BV',
    address: { line1: 'Korenmarkt 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
    registration: { id: '1999999943', scheme: '0208' },
  };
  const complete = { ...company, vatId: 'BE1999999943', numberingPrefix: 'LATE' };

  it('finds what was captured before it, which then gets its numbers in order of capture', async () => {
    const merchant = await client('late-seller');
    const orders = ['order-1', 'order-2', 'order-3'];
    const payments = await Promise.all(
      orders.map((orderId) => pay(merchant, { orderId, captureMethod: 'manual' })),
    );
    // A company that has no VAT id yet cannot issue an invoice with VAT.
    expect(await merchant.put('/seller', company)).toMatchObject({ status: 200, body: { version: 1 } });
    for (const { id } of payments) {
      expect(await merchant.post(`/payments/${id}/capture`)).toMatchObject({ status: 200 });
    }
    const first = payments[0]?.id ?? '';
    await merchant.post(`/payments/${first}/refunds`, { amount: 2000 });
    // What audit has recorded, billing was told as well.
    await eventually(async () => {
      const { body } = await merchant.get(`/events?subject=${first}`);
      expect(body.data).toHaveLength(3);
    });
    expect((await merchant.get('/invoices')).body.data).toEqual([]);

    expect(await merchant.put('/seller', complete)).toMatchObject({ status: 200, body: { version: 2 } });
    const invoices = await eventually(async () => {
      await invoke(stack.base, 'billing', 'releaseParked');
      const { data } = (await merchant.get('/invoices')).body;
      expect(data).toHaveLength(3);
      return data;
    });
    const year = new Date().getUTCFullYear();
    expect(invoices.map(({ orderId, number }) => [number, orderId]).toSorted()).toEqual(
      orders.map((orderId, i) => [`LATE-INV-${year}-00000${i + 1}`, orderId]),
    );
    await eventually(async () => {
      const { body } = await merchant.get(`/payments/${first}`);
      expect(body.invoiceNumber).toBe(`LATE-INV-${year}-000001`);
      expect(body.refunds).toMatchObject([{ creditNoteNumber: `LATE-CN-${year}-000001` }]);
    });
    await eventually(async () => {
      const { body } = await merchant.get('/events?type=seller.changed.v1');
      expect(body.data.map(({ id }) => id)).toEqual([
        'seller_story-late-seller:1',
        'seller_story-late-seller:2',
      ]);
    });
  });

  it('is looked at before a charge: what it cannot issue an invoice for is refused', async () => {
    const merchant = await client('late-seller');
    await merchant.put('/seller', company);
    const refused = await eventually(async () => {
      const answer = await merchant.post('/payments', twoChairs({ orderId: 'order-4' }));
      expect(answer.status).toBe(422);
      return answer;
    });
    expect(refused.body.errors).toMatchObject([{ rule: 'BR-S-02' }]);
    // Until payments had heard of the change, it charged: that payment waits as those before did.
    await merchant.put('/seller', complete);
    await eventually(async () => {
      await invoke(stack.base, 'billing', 'releaseParked');
      const [payments, invoices] = await Promise.all([merchant.all('/payments'), merchant.all('/invoices')]);
      expect(invoices).toHaveLength(payments.length);
    });
  });
});

describe('messages', () => {
  it('that come twice and in reverse, refunds before their captures, change nothing', async () => {
    const merchant = await client('disorder');
    const reconnect = await wire.disconnect(queues.billing);
    const payments = [];
    for (let n = 0; n < 3; n++) {
      const payment = await pay(merchant, { orderId: `order-${n}` });
      await merchant.post(`/payments/${payment.id}/refunds`, { amount: 100 });
      await merchant.post(`/payments/${payment.id}/refunds`);
      payments.push(payment);
    }
    const forBilling = await eventually(async () => {
      const messages = (await receivedByFourth()).filter(
        (body) => body.includes('"story-disorder"') && body.includes('/payments'),
      );
      expect(messages).toHaveLength(9);
      return messages;
    });
    await reconnect();
    // Each one twice at once, the last first.
    for (const body of forBilling.toReversed()) {
      await Promise.all([wire.send(queues.billing, body), wire.send(queues.billing, body)]);
    }
    for (const { id } of payments) {
      await eventually(async () => {
        const { body } = await merchant.get(`/invoices?paymentId=${id}`);
        expect(body.data[0]).toMatchObject({ status: 'credited', totals: { gross: 12_100 } });
      });
    }
    // And all events once more, to all services.
    const published = await receivedByFourth();
    for (const body of published.toReversed()) {
      const { type } = JSON.parse(body);
      await wire.send(queues.audit, body);
      if (/^payment\.(captured|refund)/.test(type)) await wire.send(queues.billing, body);
      if (/^(invoice|credit-note)\.issued\./.test(type)) await wire.send(queues.payments, body);
    }
  });

  it('that can never succeed are quarantined at once, with the reason, and hold nothing up', async () => {
    const merchant = await client('poison');
    const payment = await pay(merchant);
    await invoiceOf(merchant, payment.id);
    const captured = JSON.parse(
      (await eventually(async () => {
        const found = (await receivedByFourth()).find((body) => body.includes(`"${payment.id}:1"`));
        expect(found).toBeDefined();
        return found;
      })) as string,
    );
    const poison = {
      'not-json': 'this is not JSON {',
      'not-cloudevents': '{"hello":"world"}',
      'unknown-type': JSON.stringify({ ...captured, type: 'payment.captured.v9' }),
      'schema-violation': JSON.stringify({
        ...captured,
        data: { ...captured.data, amountCaptured: '121.00' },
      }),
    };
    for (const queue of [queues.billing, queues.audit]) {
      await Promise.all(Object.values(poison).map((body) => wire.send(queue, body)));
      const deadLetters = await eventually(async () => {
        expect(await wire.depth(deadLettersOf(queue))).toBe(4);
        return wire.drain(deadLettersOf(queue));
      });
      const reasons = deadLetters.map(({ MessageAttributes, Body }) => [
        MessageAttributes?.['quarantine-reason']?.StringValue,
        Body,
      ]);
      expect(Object.fromEntries(reasons)).toEqual(poison);
    }
    const tolerated = { ...captured, somethingNew: 1, data: { ...captured.data, alsoNew: true } };
    await wire.send(queues.billing, JSON.stringify(tolerated));
    await invoiceOf(merchant, (await pay(merchant)).id);
  });
});

describe('while SNS is away', () => {
  it('payments are taken, and everything that follows comes when it is back', async () => {
    const merchant = await client('outage');
    const tried = sns.refused();
    sns.cut();
    const payments = await Promise.all(
      Array.from({ length: 5 }, (_, n) => pay(merchant, { orderId: `order-${n}` })),
    );
    await tried;
    expect((await merchant.get('/invoices')).body.data).toEqual([]);
    sns.mend();
    for (const { id } of payments) await invoiceOf(merchant, id);
  }, 60_000);
});

describe('in the end', () => {
  it('every queue is empty and no dead letters are left', async () => {
    for (const queue of Object.values(queues)) {
      await eventually(async () => expect(await wire.depth(queue)).toBe(0));
      expect(await wire.depth(deadLettersOf(queue))).toBe(0);
    }
  });

  it.each(merchants)(
    '%s has one invoice per capture, one credit note per refund, what reverses those that failed, and numbers without a gap',
    async (id) => {
      const merchant = await clientOf(stack.base, id);
      const payments = await merchant.all('/payments');
      const captured = payments.filter(({ status }) => status === 'captured');
      const refunds = payments.flatMap((payment) => payment.refunds);
      const returned = refunds.filter(({ reversalInvoiceNumber }) => reversalInvoiceNumber !== undefined);
      const [invoices, creditNotes] = await eventually(async () => {
        const documents = await Promise.all([merchant.all('/invoices'), merchant.all('/credit-notes')]);
        expect(documents.map(({ length }) => length)).toEqual([
          captured.length + returned.length,
          refunds.length,
        ]);
        return documents as [Shown[], Shown[]];
      });
      const reversals = invoices.filter(({ reverses }) => reverses !== undefined);
      const own = invoices.filter((invoice) => !reversals.includes(invoice));

      expect(reversals.map(({ reverses }) => reverses?.refundId).sort()).toEqual(
        returned.map(({ id }) => id).sort(),
      );
      expect(own.map(({ paymentId }) => paymentId).sort()).toEqual(captured.map(({ id }) => id).sort());
      expect(creditNotes.map(({ refundId }) => refundId).sort()).toEqual(refunds.map(({ id }) => id).sort());
      for (const [documents, prefix] of [
        [invoices, 'INV'],
        [creditNotes, 'CN'],
      ] as const) {
        const year = new Date().getUTCFullYear();
        const expected = documents.map((_, i) => `${prefix}-${year}-${String(i + 1).padStart(6, '0')}`);
        const numbers = documents.map(({ number }) => number.replace(/^LATE-/, ''));
        expect(numbers.sort()).toEqual(expected);
      }

      const sum = (amounts: number[]) => amounts.reduce((all, amount) => all + amount, 0);
      const gross = (documents: Shown[]) => sum(documents.map(({ totals }) => totals.gross));
      expect(gross(own)).toBe(sum(captured.map((each) => each.amountCaptured)));
      expect(gross(creditNotes) - gross(reversals)).toBe(sum(captured.map((each) => each.amountRefunded)));
    },
  );

  it.each(merchants)('audit has all events of %s, each once and without a gap', async (id) => {
    const merchant = await clientOf(stack.base, id);
    const publishedIds = new Set(
      (await receivedByFourth())
        .map((body) => JSON.parse(body))
        .filter(({ merchantid }) => merchantid === id)
        .map((event) => event.id),
    );
    const recorded = await eventually(async () => {
      const events = await merchant.all('/events');
      expect(new Set(events.map((event) => event.id))).toEqual(publishedIds);
      return events;
    });
    expect(recorded).toHaveLength(publishedIds.size);
    const bySubject = Map.groupBy(recorded, ({ subject }) => subject);
    for (const events of bySubject.values()) {
      const numbers = events.map(({ sequence }) => Number(sequence)).sort((a, b) => a - b);
      expect(numbers).toEqual(events.map((_, i) => i + 1));
    }
  });
});

describe('the log, to somebody who trusts nobody', () => {
  const keyOf = async (...more: string[]) => parseKey((await fanfold('audit', 'key', ...more)).trim());
  const fanfold = async (...args: string[]) => {
    const { code, stdout, stderr } = await runHere(args, stack.base);
    expect([code, stderr]).toEqual([0, '']);
    return stdout;
  };
  const url = () => `http://127.0.0.1:${stack.base + 3}`;

  it('is whole: every entry, hash and root is what was signed, and a witness has seen it', async () => {
    await signLog(stack);
    const keys = { keys: [await keyOf()], witnessKeys: [await keyOf('--witness')] };
    // The last PDF may still be on its way to the log.
    await eventually(async () => {
      await signLog(stack);
      const { findings, warnings, checkpoint } = await verifyLog(urlReader(url()), keys);
      expect([findings, warnings]).toEqual([[], []]);
      const ids = (await receivedByFourth()).map((body) => JSON.parse(body).id);
      // What is published twice, since an answer was lost, is recorded once.
      expect(checkpoint.size).toBe(new Set(ids).size);
    });
  });

  it.each(merchants)('has a proof of each event of %s, with its merchant and its data', async (id) => {
    const merchant = await clientOf(stack.base, id);
    const keys = { keys: [await keyOf()], witnessKeys: [await keyOf('--witness')] };
    const recorded = await merchant.all('/events');
    expect(recorded.length).toBeGreaterThan(0);
    for (const { object: _, position, recordedat, ...said } of recorded as unknown as Recorded[]) {
      const proof = await merchant.text(`/events/${said.id}/proof`);
      const proven = await verifyProofFile(proof, keys);
      expect(proven).toMatchObject({ index: position, entry: { recordedtime: recordedat } });
      expect(proven.event).toMatchObject({ id: said.id, merchantid: id });
    }
    const stranger = await client('stranger');
    const foreign = await stranger.get(`/events/${recorded[0]?.id}/proof`);
    expect(foreign).toMatchObject({ status: 404, body: { code: 'not_found' } });
  });

  it('erases whom an operator orders to erase, and stays what it was', async () => {
    const merchant = await client('straight');
    const [first] = await merchant.all('/events?type=payment.captured.v1');
    const keys = { keys: [await keyOf()] };
    const before = await verifyProofFile(await merchant.text(`/events/${first?.id}/proof`), keys);
    await fanfold('audit', 'erase', first?.subject ?? '', '--merchant', merchant.merchantId, '--yes');
    await eventually(async () => {
      const { body } = await merchant.get('/events?type=audit.subject-erased.v1');
      expect(body.data).toHaveLength(1);
    });
    const { body } = await merchant.get(`/events/${first?.id}`);
    expect(body).toMatchObject({ id: first?.id, erased: true, data: null });
    for (const { subject, ...event } of await merchant.all(`/events?correlationId=${correlationOf(body)}`)) {
      expect(event, subject).toMatchObject({ erased: true, data: null });
    }
    const after = await verifyProofFile(await merchant.text(`/events/${first?.id}/proof`), keys);
    expect(after).toMatchObject({ event: 'erased', index: before.index, entry: before.entry });
    await invoke(stack.base, 'audit', 'publishLog');
    const { findings } = await verifyLog(urlReader(url()), keys);
    expect(findings).toEqual([]);
  });
});

type Recorded = { id: string; object: string; position: number; recordedat: string };
const correlationOf = (event: unknown): string => (event as { correlationid: string }).correlationid;

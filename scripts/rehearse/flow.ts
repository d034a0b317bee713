import type { Endpoint } from './endpoint.ts';
import type { Issuer } from './issuer.ts';
import { apiOf, eventually, json } from './merchant.ts';
import { stackName, stackOf } from './stage.ts';

/** What is looked at of the objects that the APIs show. */
type Payment = {
  id: string;
  status: string;
  invoiceNumber: string | null;
  refunds: { id: string; status: string; creditNoteNumber: string | null }[];
};
type Document = { id: string; number: string; totals: { gross: number } };
type List<Item> = { data: Item[] };
type RecordedEvent = { id: string; type: string };

/** A merchant's way to the three APIs of a deployed stage. */
export type Apis = Record<'payments' | 'billing' | 'audit', ReturnType<typeof apiOf>>;

export async function apisOf(
  endpoint: Endpoint,
  issuer: Issuer,
  { stage, region, merchantId }: { stage: string; region: string; merchantId: string },
): Promise<Apis> {
  const token = await issuer.token(merchantId);
  const api = async (service: string) => {
    const { outputs } = await stackOf(endpoint, region, stackName(service, stage));
    return apiOf(endpoint.port, outputs.HttpApiId ?? '', token);
  };
  return { payments: await api('payments'), billing: await api('billing'), audit: await api('audit') };
}

const twoChairs = {
  amount: 12_100,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1001',
  description: 'Two chairs',
  customer: {
    name: 'Ada Example',
    email: 'ada@example.com',
    address: { line1: 'Main St 1', city: 'Ghent', postalCode: '9000', country: 'BE' },
  },
  lines: [{ description: 'Chair', quantity: 2, unitAmount: 5000, taxRate: '21.00' }],
};
/** The stage has no default seller. */
const seller = {
  legalName: 'Rehearsal BV',
  address: { country: 'BE' },
  vatId: 'BE1999999943',
};
const refundAmount = 4_000;

/** Says who issues the invoices, pays, and waits until the payment has its invoice's number and all of it is recorded. */
export async function pay({
  payments,
  billing,
  audit,
}: Apis): Promise<{ payment: Payment; invoice: Document }> {
  json(await billing.put('/seller', seller));
  const payment = json<Payment>(await payments.post('/payments', twoChairs), 201);
  if (payment.status !== 'captured') throw new Error(`The payment is ${payment.status}, not captured.`);
  const invoice = await eventually(`an invoice of ${payment.id}`, async () => {
    const { data } = json<List<Document>>(await billing.get(`/invoices?paymentId=${payment.id}`));
    return data[0];
  });
  if (invoice.totals.gross !== twoChairs.amount) {
    throw new Error(`${invoice.number} is about ${invoice.totals.gross}, not ${twoChairs.amount}.`);
  }
  await eventually(`${invoice.number} on ${payment.id}`, async () => {
    const { invoiceNumber } = json<Payment>(await payments.get(`/payments/${payment.id}`));
    return invoiceNumber === invoice.number ? true : undefined;
  });
  await recorded(audit, 'payment.captured.v1', payment.id);
  await recorded(audit, 'invoice.issued.v1', invoice.id);
  return { payment, invoice };
}

/** Gives a part back, and waits for the credit note, as `pay` does for the invoice. */
export async function refund({ payments, billing, audit }: Apis, paymentId: string): Promise<Document> {
  const made = json<{ id: string }>(
    await payments.post(`/payments/${paymentId}/refunds`, { amount: refundAmount }),
    201,
  );
  const creditNote = await eventually(`a credit note of ${made.id}`, async () => {
    const { data } = json<List<Document>>(await billing.get(`/credit-notes?paymentId=${paymentId}`));
    return data[0];
  });
  if (creditNote.totals.gross !== refundAmount) {
    throw new Error(`${creditNote.number} is about ${creditNote.totals.gross}, not ${refundAmount}.`);
  }
  await eventually(`${creditNote.number} on ${made.id}`, async () => {
    const { refunds } = json<Payment>(await payments.get(`/payments/${paymentId}`));
    return refunds.find(({ id }) => id === made.id)?.creditNoteNumber === creditNote.number
      ? true
      : undefined;
  });
  await recorded(audit, 'payment.refunded.v1', paymentId);
  await recorded(audit, 'credit-note.issued.v1', creditNote.id);
  return creditNote;
}

/** Waits until audit has an event of a subject, and gives its id. */
export async function recorded(audit: Apis['audit'], type: string, subject: string): Promise<string> {
  return eventually(`a record of ${type} about ${subject}`, async () => {
    const { data } = json<List<RecordedEvent>>(await audit.get(`/events?subject=${subject}&type=${type}`));
    return data[0]?.id;
  });
}

/**
 * Waits for the proof of an event: the clocks of audit sign a checkpoint, and its witness signs that too.
 *
 * @throws when it is refused for another reason than that there is no checkpoint yet
 */
export async function proofOf(audit: Apis['audit'], eventId: string): Promise<string> {
  return eventually(
    `a proof of ${eventId}`,
    async () => {
      const answer = await audit.get(`/events/${eventId}/proof`);
      if (answer.status === 409) return undefined;
      if (answer.status !== 200) throw new Error(`The proof was answered ${answer.status}: ${answer.text}`);
      // The witness comes some seconds after the log.
      return /^— .*\/witness /m.test(answer.text) ? answer.text : undefined;
    },
    150_000,
  );
}

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { formatAmount } from '@fanfold/contracts/currency';
import type { RecordedEvent } from '../aws/auditLog.ts';
import { connect } from '../operations/merchantApi.ts';
import { twoChairs as order } from '../operations/twoChairs.ts';
import { print, printHeading, printJson } from '../terminal.ts';
import { localMerchant } from './arguments.ts';

type Options = { merchant: string; json?: true };

/** Something that an API showed, so many milliseconds after the request that it followed from was sent. */
type Step = { request: string; atMs: number; what: string; detail: string };

/** What is used of the APIs' objects. */
type Payment = { id: string; invoiceNumber: string | null; refunds: Refund[] };
type Refund = { id: string; creditNoteNumber: string | null };
type Document = { id: string; number: string; refundId?: string; totals: { gross: number } };

const refundAmount = 4000;

/** Each line's column for what happened, as wide as its longest text. */
const whatWidth = 'audit recorded credit-note.rendered.v1'.length;

/**
 * `fanfold demo`: pays, gives a part of it back, and tells each thing that follows as soon as an API shows it.
 *
 * @throws when no stack is running, when an API refuses, or when something does not follow in time
 */
export async function demo({ merchant, json }: Options): Promise<void> {
  const { payments, billing, audit } = await connect(merchant);
  const steps: Step[] = [];

  let request: { name: string; sent: number };
  const begin = (name: string, title: string) => {
    request = { name, sent: performance.now() };
    if (!json) printHeading(title);
  };
  const tell = (what: string, detail: string) => {
    const atMs = Math.round(performance.now() - request.sent);
    steps.push({ request: request.name, atMs, what, detail });
    if (!json)
      print(`${`+${atMs.toLocaleString('en-US')} ms`.padStart(11)}  ${what.padEnd(whatWidth)}  ${detail}`);
  };
  /** Looks until there is something to tell, less and less often. */
  const follows = async (what: string, look: () => Promise<string | null | undefined>) => {
    const deadline = performance.now() + patienceMs;
    for (let pauseMs = 25; ; pauseMs = Math.min(pauseMs * 2, 200)) {
      const detail = await look();
      if (detail) return tell(what, detail);
      if (performance.now() > deadline) {
        throw new Error(`Not within ${patienceMs / 1000} s: ${what}. See what \`pnpm dev\` prints.`);
      }
      await delay(pauseMs);
    }
  };
  const recorded = (type: string, requestId: string) =>
    follows(`audit recorded ${type}`, async () => {
      const events = await audit.all<RecordedEvent>(`/events?correlationId=${requestId}&type=${type}`);
      return events[0]?.id;
    });
  const worth = ({ number, totals }: Document) => `${number}, ${formatAmount(totals.gross, order.currency)}`;

  begin('payment', `Two chairs are paid: ${formatAmount(order.amount, order.currency)}`);
  const paid = await payments.post<Payment>('/payments', { ...order, orderId: `demo-${Date.now()}` });
  const { id } = paid.created;
  const shown = () => payments.find<Payment>(`/payments/${id}`);
  tell('payment captured', id);
  let invoice: Document | undefined;
  await follows('billing issued the invoice', async () => {
    [invoice] = await billing.all<Document>(`/invoices?paymentId=${id}`);
    return invoice && worth(invoice);
  });
  await follows('payments shows its number', async () => (await shown())?.invoiceNumber);
  await recorded('payment.captured.v1', paid.requestId);
  await recorded('invoice.issued.v1', paid.requestId);
  await follows('billing made its PDF, saved here', async () => {
    const { id: invoiceId, number } = invoice as Document;
    const pdf = await billing.file(`/invoices/${invoiceId}/pdf`);
    return pdf && save(`${number}.pdf`, pdf);
  });
  await recorded('invoice.rendered.v1', paid.requestId);

  if (!json) print('');
  begin('refund', `A part is refunded: ${formatAmount(refundAmount, order.currency)}`);
  const back = await payments.post<Refund>(`/payments/${id}/refunds`, { amount: refundAmount });
  const refundId = back.created.id;
  tell('refund made', refundId);
  await follows('billing issued the credit note', async () => {
    const notes = await billing.all<Document>(`/credit-notes?paymentId=${id}`);
    const note = notes.find((each) => each.refundId === refundId);
    return note && worth(note);
  });
  await follows('payments shows its number', async () => {
    const refund = (await shown())?.refunds.find((each) => each.id === refundId);
    return refund?.creditNoteNumber;
  });
  await recorded('payment.refunded.v1', back.requestId);
  await recorded('credit-note.issued.v1', back.requestId);
  await recorded('credit-note.rendered.v1', back.requestId);

  if (json) printJson({ paymentId: id, refundId, steps });
  else print('', `Which event caused which: ./fanfold trace ${id}${merchantOption(merchant)}`);
}

/** @returns the path, from the folder of the repository */
async function save(name: string, bytes: Uint8Array): Promise<string> {
  const path = join('.fanfold', 'demo', name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

/** With it, a command means the same merchant. */
const merchantOption = (merchant: string): string =>
  merchant === localMerchant ? '' : ` --merchant ${merchant}`;

/** Most follows within 100 ms, and audit gathers events for a second. But every function has to start once. */
const patienceMs = 30_000;

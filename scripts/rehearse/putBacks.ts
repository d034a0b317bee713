import { join } from 'node:path';
import { type Apis, pay, recorded, refund } from './flow.ts';
import { eventually, json } from './merchant.ts';
import { blocksOf } from './page.ts';

/** A stage whose tables are put back, and who does it. */
export type Place = {
  stage: string;
  /** The checkout's root, with the page. */
  repository: string;
  /** The APIs as they are now: a stack that is made again has others. */
  apis(): Promise<Apis>;
  /** Types commands of the page for a service's table into a shell, and gives what was printed. */
  type(script: string, service: string): Promise<string>;
  found(line: string): void;
};

type Invoice = { id: string; number: string; paymentId: string };
type Payment = { id: string; invoiceNumber: string | null; refunds: { creditNoteNumber: string | null }[] };
type RecordedEvent = { id: string; type: string; position: number };

/** The tables of payments and of billing are put back at the same time, and each is restored for itself. */
export async function putBackPaymentsAndBilling(place: Place): Promise<void> {
  const [payments, billing] = [await commandsFor('payments', place), await commandsFor('billing', place)];
  await Promise.all([payments.copy(), billing.copy()]);
  const before = await place.apis();
  const { payment, invoice: lost } = await pay(before);
  const creditNote = await refund(before, payment.id);
  const shown = json<Payment>(await before.payments.get(`/payments/${payment.id}`));
  const invoices = await invoicesIn(before);
  await Promise.all([payments.replace(), billing.replace()]);

  const apis = await place.apis();
  json(await apis.payments.get(`/payments/${payment.id}`), 404);
  if ((await invoicesIn(apis)).some(({ number }) => number === lost.number))
    throw new Error(`Billing's table was not put back: it has ${lost.number}.`);
  place.found(`both are other tables under their names, without ${payment.id} and ${lost.number}`);

  await payments.restore();
  // Its time is that of its first event.
  const { createdAt: _, updatedAt: __, version: ___, ...known } = shown as Record<string, unknown> & Payment;
  const restored = json<Record<string, unknown> & Payment>(
    await apis.payments.get(`/payments/${payment.id}`),
  );
  const differing = Object.keys(known).filter(
    (name) => name !== 'refunds' && JSON.stringify(known[name]) !== JSON.stringify(restored[name]),
  );
  if (differing.length > 0 || restored.refunds[0]?.creditNoteNumber !== creditNote.number)
    throw new Error(`It differs in ${differing.join(', ')}: ${JSON.stringify(restored)}`);
  const { payment: waiting } = await takeWithoutInvoice(apis);
  place.found(`${payment.id} is back with its refund and numbers; ${waiting.id} waits for its invoice`);

  await billing.restore();
  const { invoice: next } = await pay(apis);
  const after = await invoicesIn(apis);
  const isKept = invoices.every(({ number, paymentId }) =>
    after.some((each) => each.number === number && each.paymentId === paymentId),
  );
  if (!isKept || after.length !== invoices.length + 2 || !after.some((each) => each.paymentId === waiting.id))
    throw new Error(`Invoices before: ${JSON.stringify(invoices)}; after: ${JSON.stringify(after)}.`);
  place.found(`${lost.number} is back with its number, ${next.number} follows, and what waited is invoiced`);
}

/** The log's table is put back, and restored from its files and from the tables of who published. */
export async function putBackAudit(place: Place): Promise<void> {
  const audit = await commandsFor('audit', place);
  await audit.copy();
  const before = await place.apis();
  const { payment } = await pay(before);
  const event = await eventOf(before, payment.id);
  await signed(before, event);
  await audit.replace();

  const apis = await place.apis();
  const { data } = json<{ data: RecordedEvent[] }>(await apis.audit.get(`/events?subject=${payment.id}`));
  if (data.length > 0) throw new Error(`Audit's table was not put back: it has ${data[0]?.id}.`);
  place.found(`the log's table is another one under its name, without ${event.id}`);

  await audit.restore();
  const { open } = JSON.parse(await audit.restoreEvents()).proof as {
    open: { days: Record<string, Record<string, number>> };
  };
  const types = new Set(Object.values(open.days).flatMap(Object.keys));
  types.delete('operation.ordered.v1');
  if (types.size > 0) throw new Error(`Entries have no event, of ${[...types].join(', ')}.`);
  const { position } = await eventOf(apis, payment.id);
  if (position !== event.position)
    throw new Error(`${event.id} was at ${event.position} of the log, and is at ${position}.`);
  const { payment: next } = await pay(apis);
  await signed(apis, await eventOf(apis, next.id));
  place.found(`${event.id} is back at position ${position}, and the log goes on behind`);
}

/** The commands of the page that put the table of a service back, which the page has for billing's, and restore it. */
async function commandsFor(service: string, { stage, repository, type }: Place) {
  const [copy, replace, restore] = (
    await blocksOf(join(repository, 'docs/restore.md'), 'Put a table back in AWS')
  ).map((block) => block.replaceAll('billing', service).replaceAll('production', stage));
  const typed = (script = '') => type(script, service);
  // The restore of the log's entries says with 1 that their events are to come, which the same command brings back.
  const mayLack = service === 'audit' ? ' || [ $? = 1 ]' : '';
  return {
    copy: () => typed(copy),
    replace: () => typed(replace),
    restore: () => typed(restore?.replace(/^\.\/fanfold restore .*$/m, (command) => `${command}${mayLack}`)),
    restoreEvents: () =>
      typed(`./fanfold restore ${service} --stage ${stage} --yes --json 2> /dev/null${mayLack}`),
  };
}

async function invoicesIn({ billing }: Apis): Promise<Invoice[]> {
  return json<{ data: Invoice[] }>(await billing.get('/invoices')).data;
}

/** Takes a payment that billing does not invoice yet. */
async function takeWithoutInvoice({ payments, audit }: Apis): Promise<{ payment: Payment }> {
  const payment = json<Payment>(await payments.post('/payments', oneLamp), 201);
  await recorded(audit, 'payment.captured.v1', payment.id);
  return { payment };
}

const oneLamp = {
  amount: 5_000,
  currency: 'EUR',
  paymentMethod: 'pm_card_visa',
  orderId: 'order-1003',
  customer: { name: 'Ada Example', address: { country: 'BE' } },
};

const eventOf = ({ audit }: Apis, paymentId: string): Promise<RecordedEvent> =>
  eventually(`a record of ${paymentId}`, async () => {
    const path = `/events?subject=${paymentId}&type=payment.captured.v1`;
    return json<{ data: RecordedEvent[] }>(await audit.get(path)).data[0];
  });

/** Waits until the published log has an event, and it is proven. */
async function signed({ audit }: Apis, { id, position }: RecordedEvent): Promise<void> {
  await eventually(
    `a checkpoint over ${id}`,
    async () => {
      const { status, text } = await audit.get('/checkpoint');
      return status === 200 && Number(text.split('\n')[1]) > position ? true : undefined;
    },
    150_000,
  );
  const { status, text } = await audit.get(`/events/${encodeURIComponent(id)}/proof`);
  if (status !== 200) throw new Error(`The proof of ${id} was answered ${status}: ${text}`);
}

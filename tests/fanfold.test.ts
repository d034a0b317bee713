import { freeBasePort } from '@fanfold/local-cloud/ports';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fanfold as runHere } from '../scripts/fanfold/commandFixtures.ts';
import { clientOf } from './client.ts';
import { type RunningStack, startDev } from './runningStack.ts';

/** The operator's command, against the stack that `pnpm dev` starts. */
let stack: RunningStack;
/** What a merchant's demo made. */
let made: { paymentId: string; refundId: string };
const merchant = 'fanfold-demo';

beforeAll(async () => {
  stack = await startDev(await freeBasePort());
  const { code, stdout, stderr } = await fanfold('demo', '--json', '--merchant', merchant);
  expect([code, stderr]).toEqual([0, '']);
  made = JSON.parse(stdout);
}, 60_000);
afterAll(async () => {
  await stack?.stop();
});

const fanfold = (...args: string[]) => runHere(args, stack.base);

const traceOf = async (id: string) => {
  const { code, stdout } = await fanfold('trace', id, '--merchant', merchant);
  return { code, types: [...stdout.matchAll(/(\S+\.v\d+)/g)].map(([type]) => type), stdout };
};

it('demo shows a payment and a refund until both are invoiced, credited and audited', async () => {
  const { code, stdout, stderr } = await fanfold('demo', '--merchant', 'another-demo');
  expect([code, stderr]).toEqual([0, '']);
  const printed = stdout
    .split('\n')
    .flatMap((line) => /^ +\+[\d,]+ ms {2}(.+?) {2,}\S/.exec(line)?.[1] ?? []);
  expect(printed).toEqual([
    'payment captured',
    'billing issued the invoice',
    'payments shows its number',
    'audit recorded payment.captured.v1',
    'audit recorded invoice.issued.v1',
    'billing made its PDF, saved here',
    'audit recorded invoice.rendered.v1',
    'refund made',
    'billing issued the credit note',
    'payments shows its number',
    'audit recorded payment.refunded.v1',
    'audit recorded credit-note.issued.v1',
    'audit recorded credit-note.rendered.v1',
  ]);
  const [, followUp = ''] = /^Which event caused which: \.\/fanfold (.+)$/m.exec(stdout) ?? [];
  expect(await fanfold(...followUp.split(' '))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('payment.captured.v1'),
  });
});

it('trace shows the flows of a payment, and that of each thing in them, by any of their ids', async () => {
  const { paymentId, refundId } = made;
  const client = await clientOf(stack.base, merchant);
  const invoiceId = (await client.all(`/invoices?paymentId=${paymentId}`))[0]?.id ?? '';
  const creditNoteId = (await client.all(`/credit-notes?paymentId=${paymentId}`))[0]?.id ?? '';
  const pays = ['payment.captured.v1', 'invoice.issued.v1', 'invoice.rendered.v1'];
  const refunds = ['payment.refunded.v1', 'credit-note.issued.v1', 'credit-note.rendered.v1'];

  const whole = await traceOf(paymentId);
  expect(whole).toMatchObject({ code: 0, types: [...pays, ...refunds] });
  expect(whole.stdout.match(/^ *\+[\d,]+ ms {2}└─ /gm)).toHaveLength(2);
  const [requestId = ''] = /^req_\w+/.exec(whole.stdout) ?? [];
  const { number = '', orderId = '' } = (await client.get(`/invoices/${invoiceId}`)).body;
  expect(await traceOf(orderId)).toMatchObject({ code: 0, types: [...pays, ...refunds] });
  for (const id of [requestId, invoiceId, `${paymentId}:1`, number]) {
    expect(await traceOf(id), id).toMatchObject({ code: 0, types: pays });
  }
  for (const id of [refundId, creditNoteId]) {
    expect(await traceOf(id), id).toMatchObject({ code: 0, types: refunds });
  }

  const { flows } = JSON.parse((await fanfold('trace', requestId, '--json', '--merchant', merchant)).stdout);
  expect(flows).toMatchObject([
    {
      correlationId: requestId,
      events: [
        {
          event: { id: `${paymentId}:1` },
          caused: [
            { event: { id: `${invoiceId}:1` }, caused: [{ event: { id: `${invoiceId}:2` }, caused: [] }] },
          ],
        },
      ],
    },
  ]);
});

it('trace of what nobody knows, or only another merchant, fails and says so', async () => {
  for (const id of ['re_unknown', 'no-id-at-all', 'x'.repeat(129), `re_${'x'.repeat(157)}`, made.paymentId]) {
    const { code, stdout, stderr } = await fanfold('trace', id, '--merchant', 'stranger');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`Nothing is recorded of ${id} for the merchant stranger in local`);
  }
});

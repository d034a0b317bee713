import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { emptyEdge, encodeEdge, extend, leafHash } from '@fanfold/tlog/merkle';
import type { Workload } from '../../measuring/runner.ts';

const example = (type: string): Event =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, `../../../packages/contracts/examples/${type}.json`), 'utf8'),
  );
const captured = example('payment.captured.v1');
const issued = example('invoice.issued.v1');

/** The example about another payment, the n-th. */
function about(event: Event, n: number): string {
  const digits = n.toString(16).padStart(32, '0');
  const renamed = (text: string) => text.replace(/^(pay|inv|req)_[0-9a-f]{32}/, `$1_${digits}`);
  return JSON.stringify(event, (_key, value) => (typeof value === 'string' ? renamed(value) : value));
}

const times = (count: number, make: (i: number) => string): string[] =>
  Array.from({ length: count }, (_, i) => make(i));

const numbersToNote: Workload = {
  name: 'payments',
  about: 'ten invoices whose numbers are noted: a call per event',
  size: 10,
  batch: (n) => times(10, (i) => about(issued, n * 10 + i)),
};

const paymentsToBill: Workload = {
  name: 'billing',
  about: 'ten captured payments of a merchant, which are billed in one transaction',
  size: 10,
  batch: (n) => times(10, (i) => about(captured, n * 10 + i)),
};

/** A payment and its invoice one after another, as audit hears them. */
const eventsToRecord = (size: number): Workload => ({
  name: `audit ${size}`,
  about: `${size} events of ${Math.ceil(size / 2)} payments, which are recorded in one transaction`,
  size,
  batch: (n) => times(size, (i) => about(i % 2 === 0 ? captured : issued, n * size + (i >> 1))),
});

export const workloads = [numbersToNote, paymentsToBill, eventsToRecord(10), eventsToRecord(49)];

/** What billing and audit find: a series of numbers that goes on, and a log of a thousand entries. */
export const existingItems = (year: number) => {
  const leaves = Array.from({ length: 1000 }, (_, i) => leafHash(Buffer.from(String(i))));
  const edge = extend(emptyEdge, leaves);
  const { merchantid } = captured;
  const series = {
    pk: `${merchantid}#INV-${year}`,
    merchantId: merchantid,
    name: `INV-${year}`,
    count: 41,
    lastIssuedAt: `${year}-01-01T00:00:00.000Z`,
  };
  const head = {
    pk: 'head',
    sk: 'head',
    size: 1000,
    edge: new Uint8Array(encodeEdge(edge)),
    completesTile: false,
  };
  return Object.fromEntries([series, head].map((item) => [item.pk, marshall(item)]));
};

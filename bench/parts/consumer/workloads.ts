import { marshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import { emptyEdge, encodeEdge, extend, leafHash } from '@fanfold/tlog/merkle';
import { aboutAnother, exampleOf } from '../../measuring/events.ts';
import type { Workload } from '../../measuring/runner.ts';

const captured = exampleOf('payment.captured.v1');
const issued = exampleOf('invoice.issued.v1');

const about = (event: Event, n: number): string => JSON.stringify(aboutAnother(event, n));

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

/** A payment and its invoice one after another, as audit receives them. */
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

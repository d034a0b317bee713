import { aboutAnother, type Example, exampleOf } from '../../measuring/events.ts';
import type { Workload } from '../../measuring/runner.ts';

const types = ['payment.captured.v1', 'payment.refunded.v1', 'invoice.issued.v1', 'credit-note.issued.v1'];
const examples = types.map(exampleOf);

/** How many batches there are; then they come again. */
const distinct = 64;

/** The n-th event, each of another subject. */
const event = (n: number): Example => aboutAnother(examples[n % examples.length] as Example, n);

const size = 10;
const batchOf = (n: number) => Array.from({ length: size }, (_, i) => event((n % distinct) * size + i));

/** By turns cut off in the middle, and with a field against its schema. */
const spoilt = (n: number): string => {
  const whole = event(n);
  return n % 2 === 0
    ? JSON.stringify(whole).slice(0, 500)
    : JSON.stringify({ ...whole, data: { ...whole.data, currency: 'euro' } });
};

export const workloads: Workload[] = [
  {
    name: 'valid',
    about: 'ten events of four types, from the examples of packages/contracts',
    size,
    batch: (n) => batchOf(n).map((each) => JSON.stringify(each)),
  },
  {
    name: 'one bad',
    about: 'the same with one bad message in ten, by turns cut off and against its schema',
    size,
    bad: 1,
    batch: (n) => [
      ...batchOf(n)
        .slice(1)
        .map((each) => JSON.stringify(each)),
      spoilt(n),
    ],
  },
];

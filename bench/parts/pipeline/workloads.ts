import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Workload } from '../../measuring/runner.ts';

const types = ['payment.captured.v1', 'payment.refunded.v1', 'invoice.issued.v1', 'credit-note.issued.v1'];

/** How many batches there are; then they come again. */
const distinct = 64;

const examples = types.map((type) =>
  JSON.parse(
    readFileSync(join(import.meta.dirname, `../../../packages/contracts/examples/${type}.json`), 'utf8'),
  ),
);

/** The n-th event, each of another subject. */
const event = (n: number) => {
  const example = examples[n % examples.length];
  const subject = example.subject.replace(/[0-9a-f]{32}/, n.toString(16).padStart(32, '0'));
  return { ...example, subject, id: `${subject}:${Number(example.sequence)}` };
};

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

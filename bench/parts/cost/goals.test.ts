import { expect, test } from 'vitest';
import { countsTable, goalsTable } from './goals.ts';

test('each goal is met or missed by what was counted, with and without what SNS puts into queues', () => {
  const low = {
    table: { writeUnits: 11.5 },
    'queue delivered': { sqsRequests: 4 },
    'queue received': { sqsRequests: 4 },
  };
  const text = goalsTable({
    low,
    high: { table: { writeUnits: 9.6 } },
    minute: { table: { writeUnits: 60 } },
  });
  const row = (title: string) =>
    (text.split('\n').find((line) => line.includes(title)) ?? '').split(/ *\| */);
  // A payment a second has a share of what its minute takes.
  expect(row('write units, one a second').slice(4, 8)).toEqual([
    '≤ 11.5',
    '**12.5**, missed',
    '0.34 ×',
    '12.5, missed',
  ]);
  expect(row('write units, full batches').slice(5, 6)).toEqual(['**9.6**, missed']);
  expect(row('SQS requests, one a second').slice(5, 8)).toEqual(['**8.0**, missed', '0.52 ×', '4.0, met']);
  expect(row('units, full batches').slice(5, 6)).toEqual(['**9.6**, met']);
});

test('what a missed goal consists of is told by kind of call and where, with a share of the minute', () => {
  const text = countsTable({
    low: {
      table: { writeUnits: 1.5, gigabyteSeconds: 9 },
      'queue sent': { sqsRequests: 1 },
      rare: { s3Gets: 0.001 },
    },
    high: { table: { writeUnits: 1 }, index: { writeUnits: 2 } },
    minute: { table: { writeUnits: 60 } },
  });
  expect(
    text
      .split('\n')
      .slice(2)
      .map((line) => line.split(/ *\| */).slice(1, 5)),
  ).toEqual([
    ['write units', 'table', '2.50', '1.00'],
    ['write units', 'index', '0.00', '2.00'],
    ['SQS', 'queue sent', '1.00', '0.00'],
  ]);
});

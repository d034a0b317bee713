import { eventTypes } from '@fanfold/contracts/catalog';
import { defineEvent, type Event } from '@fanfold/contracts/event';
import captured from '@fanfold/contracts/examples/payment.captured.v1.json' with { type: 'json' };
import refunded from '@fanfold/contracts/examples/payment.refunded.v1.json' with { type: 'json' };
import { nonPersonal, personal } from '@fanfold/contracts/personal';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { columnsOf, derivedColumns } from './columns.ts';
import { valuesOf } from './row.ts';

const rowOf = (event: Event) => {
  const columns = columnsOf(event.type as (typeof eventTypes)[number]);
  return Object.fromEntries(valuesOf(event, columns).map((value, i) => [columns[i]?.name, value]));
};

const columnsWith = (data: z.ZodObject) => {
  const { schema } = defineEvent({
    type: 'thing.done.v1',
    source: '/things',
    description: '',
    data: () => data,
  });
  const envelope = 10;
  return derivedColumns(schema)
    .slice(envelope)
    .map(({ name, type }) => `${name} ${type}`);
};

describe('the columns of a type of event', () => {
  test('are the members of envelope and data, those of objects with their name before them', () => {
    expect(rowOf(refunded as unknown as Event)).toMatchObject({
      id: refunded.id,
      type: 'payment.refunded.v1',
      time: new Date(refunded.time),
      payment_id: refunded.data.paymentId,
      amount_refunded: BigInt(refunded.data.amountRefunded),
      refund_amount: BigInt(refunded.data.refund.amount),
    });
  });

  test('have lists as JSON, without what is personal inside', () => {
    const lines = JSON.parse(String(rowOf(captured as unknown as Event).lines));
    expect(lines).toEqual(captured.data.lines.map(({ description: _personal, ...line }) => line));
  });

  test('are null where an event has no such member', () => {
    const { customer: _customer, order: _order, ...data } = captured.data;
    expect(rowOf({ ...captured, data } as unknown as Event)).toMatchObject({
      customer_address_country: null,
      order_lines: null,
    });
  });

  test('leave out what is personal, and what nobody has classified', () => {
    expect(
      columnsWith(
        z.object({ code: nonPersonal(z.string()), name: personal(z.string()), note: z.string().optional() }),
      ),
    ).toEqual(['code string']);
  });

  test('have names of their own', () => {
    const twice = z.object({
      refundId: nonPersonal(z.string()),
      refund: z.object({ id: nonPersonal(z.string()) }),
    });
    expect(() => columnsWith(twice)).toThrow('Two members would have the column refund_id');
  });

  test('have a type for each kind of schema, or say that there is none', () => {
    expect(
      columnsWith(
        z.object({
          at: nonPersonal(z.iso.datetime()),
          day: nonPersonal(z.iso.date()),
          isTrue: z.boolean(),
          kind: z.enum(['a', 'b']).nullable(),
          list: z.array(z.int()),
        }),
      ),
    ).toEqual(['at timestamp', 'day string', 'is_true boolean', 'kind string', 'list json']);
    expect(() => columnsWith(z.object({ ratio: z.number() }))).toThrow(
      'data.ratio is a number that has no column',
    );
  });

  test('have none that is a partition of its table', () => {
    for (const type of eventTypes) expect(columnsOf(type).map(({ name }) => name)).not.toContain('day');
  });
});

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { catalog, type EventType, eventTypes } from './catalog.ts';
import { exampleFile } from './exampleFile.ts';
import { isPersonal, nonPersonal, personal, withoutPersonal } from './personal.ts';

/** The texts of a schema, by path, with their classes. */
function textsOf(schema: z.core.$ZodType, path: string): [path: string, text: z.core.$ZodType][] {
  const { def } = schema._zod as z.core.$ZodTypes['_zod'];
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).flatMap(([name, member]) => textsOf(member, `${path}.${name}`));
    case 'record':
      return [...textsOf(def.keyType, `${path}.<name>`), ...textsOf(def.valueType, `${path}.*`)];
    case 'array':
      return textsOf(def.element, `${path}[]`);
    case 'nullable':
    case 'optional':
    case 'default':
      return textsOf(def.innerType, path);
    case 'number':
    case 'boolean':
      return [];
    case 'string':
    case 'enum':
    case 'literal':
      return [[path, schema]];
    default:
      throw new Error(`${path} is a ${def.type}: say in withoutPersonal what becomes of it`);
  }
}

const unclassified = (schema: z.core.$ZodType, name: string) =>
  textsOf(schema, name).flatMap(([path, text]) => (isPersonal(text) === undefined ? [path] : []));

const personalIn = (type: keyof typeof catalog) =>
  textsOf(catalog[type].schema, '').flatMap(([path, text]) => (isPersonal(text) ? [path] : []));

const example = (type: EventType) => JSON.parse(readFileSync(exampleFile(catalog[type]), 'utf8'));

describe('the texts of events', () => {
  test.each(eventTypes)('of %s are all classified where they are declared', (type) => {
    expect(unclassified(catalog[type].schema, type)).toEqual([]);
  });

  test('are found when nobody has classified them, at every depth', () => {
    const schema = z.object({
      name: z.string(),
      code: nonPersonal(z.string()),
      // A check makes another schema, of which nothing is said.
      short: personal(z.string()).max(3),
      notes: z.record(nonPersonal(z.string()), z.array(z.object({ text: z.string().nullable() }))),
    });
    expect(unclassified(schema, 'event')).toEqual(['event.name', 'event.short', 'event.notes.*[].text']);
  });

  test('of a captured payment are personal where they can tell about its customer', () => {
    expect(personalIn('payment.captured.v1').filter((path) => path.includes('.customer.'))).toEqual(
      [
        'name',
        'email',
        'taxId',
        'vatId',
        'electronicAddress.id',
        'address.line1',
        'address.line2',
        'address.city',
        'address.postalCode',
        'address.state',
      ].map((path) => `.data.customer.${path}`),
    );
  });
});

describe('an event without personal texts', () => {
  test('has what it is about, and neither names nor what somebody wrote', () => {
    const { schema } = catalog['payment.captured.v1'];
    const event = example('payment.captured.v1');
    const { data, ...envelope } = withoutPersonal(schema, event) as typeof event;
    expect(envelope).toEqual({ ...event, data: undefined });
    expect(data.customer).toEqual({ address: { country: event.data.customer.address.country } });
    expect(data).not.toHaveProperty('description');
    expect(data).not.toHaveProperty('orderId');
    expect(data).toMatchObject({ amountCaptured: event.data.amountCaptured, currency: event.data.currency });
  });

  test.each(eventTypes)('of type %s repeats none of the example’s', (type) => {
    const { schema } = catalog[type];
    const event = example(type);
    const kept = JSON.stringify(withoutPersonal(schema, event));
    const left = JSON.stringify(event);
    for (const path of personalIn(type)) {
      for (const value of valuesAt(event, path.slice(1).split('.'))) {
        if (typeof value !== 'string' || value.length < 4) continue;
        expect(left).toContain(JSON.stringify(value));
        expect(kept).not.toContain(JSON.stringify(value));
      }
    }
  });

  test('leaves out what is not classified, and what the schema does not know', () => {
    const schema = z.object({
      id: nonPersonal(z.string()),
      unclassified: z.string(),
      notes: z.array(personal(z.string())),
      byName: z.record(personal(z.string()), z.int()),
    });
    expect(
      withoutPersonal(schema, { id: 'a', unclassified: 'b', notes: ['c'], byName: { d: 1 }, unknown: 'e' }),
    ).toEqual({ id: 'a', notes: [], byName: {} });
  });
});

/** All values at a path of {@link textsOf}. */
function valuesAt(value: unknown, [first, ...rest]: string[]): unknown[] {
  if (value === null || value === undefined) return [];
  if (first === undefined) return [value].flat();
  if (first === '*') return Object.values(value).flatMap((each) => valuesAt(each, rest));
  if (first === '<name>') return Object.keys(value);
  const isList = first.endsWith('[]');
  const member = (value as Record<string, unknown>)[isList ? first.slice(0, -2) : first];
  return isList
    ? ((member ?? []) as unknown[]).flatMap((each) => valuesAt(each, rest))
    : valuesAt(member, rest);
}

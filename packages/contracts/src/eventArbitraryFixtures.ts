import fc from 'fast-check';
import type * as z from 'zod';
import { catalog, type EventOfType, type EventType } from './catalog.ts';
import { codePoint } from './codePointFixtures.ts';
import { eventId, maxEventBytes, sequenceOf } from './event.ts';
import { maxAmountMinor } from './fields.ts';

/**
 * Arbitrary events of a type, valid by its schema and fit for a message, for properties that must hold for every
 * event. Values are drawn from the schema itself, with ids and texts that are often equal, and with the ends of every
 * range.
 */
export function eventsOfType<Type extends EventType>(type: Type): fc.Arbitrary<EventOfType<Type>> {
  const { schema, source } = catalog[type];
  const { data } = (schema as unknown as z.ZodObject<{ data: z.ZodType }>).shape;
  return fc
    .record({
      subject: fc.oneof(fc.constantFrom('pay_1', 'pay_2'), fc.stringMatching(/^[\x21-\x7e]{1,128}$/)),
      n: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 9_999_999_999 })),
      time: times,
      merchantid: fc.oneof(fc.constant('acme'), fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/)),
      data: arbitraryOf(data),
    })
    .map(({ subject, n, ...facts }) => ({
      specversion: '1.0',
      id: eventId(subject, n),
      source,
      type,
      subject,
      datacontenttype: 'application/json',
      sequence: sequenceOf(n),
      correlationid: 'req_1',
      causationid: 'req_1',
      traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01`,
      ...facts,
    }))
    .map((event) => schema.safeParse(JSON.parse(JSON.stringify(event))))
    .filter(({ success, data }) => success && Buffer.byteLength(JSON.stringify(data)) <= maxEventBytes)
    .map(({ data }) => data as EventOfType<Type>);
}

const times = fc
  .date({ min: new Date('0001-01-02T00:00:00Z'), max: new Date('9999-12-30T00:00:00Z'), noInvalidDate: true })
  .map((date) => date.toISOString());

const day = times.map((time) => time.slice(0, 10));

const texts = fc.oneof(
  fc.constantFrom('pay_1', 'pay_2', 're_1', 're_2', 'order-1', 'inv_1', 'INV-2026-000001'),
  fc.constantFrom(
    '',
    '_',
    '#',
    'constructor',
    '__proto__',
    'payment.captured.v1',
    '€'.repeat(100),
    '"'.repeat(200),
  ),
  fc.string({ unit: codePoint, maxLength: 10 }),
);

const currencies = fc.constantFrom('EUR', 'JPY', 'KWD', 'CLF', 'XAD');

/** Arbitrary values of a schema, of the kinds that the catalog uses. */
function arbitraryOf(schema: z.core.$ZodType): fc.Arbitrary<unknown> {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const fitting = (arbitrary: fc.Arbitrary<unknown>) =>
    arbitrary.filter((value) => (schema as z.ZodType).safeParse(value).success);
  switch (def.type) {
    case 'object':
      return fitting(
        fc.record(
          Object.fromEntries(Object.entries(def.shape).map(([key, value]) => [key, arbitraryOf(value)])),
        ),
      );
    case 'array':
      return fitting(fc.array(arbitraryOf(def.element), { maxLength: 3 }));
    case 'record':
      return fitting(
        fc.oneof(
          fc.dictionary(arbitraryOf(def.keyType) as fc.Arbitrary<string>, arbitraryOf(def.valueType), {
            maxKeys: 3,
          }),
          // Many entries, so that a document with more data per entry becomes larger than an event may be.
          arbitraryOf(def.valueType).map((value) =>
            Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`a.v${i}`, value])),
          ),
        ),
      );
    case 'default':
      return arbitraryOf(def.innerType);
    case 'nullable':
      return fc.option(arbitraryOf(def.innerType));
    case 'optional':
      // JSON leaves it out.
      return fc.option(arbitraryOf(def.innerType), { nil: undefined });
    case 'boolean':
      return fc.boolean();
    case 'literal':
      return fc.constantFrom(...def.values);
    case 'enum':
      return fc.constantFrom(...Object.values(def.entries));
    case 'number':
      return fitting(
        fc.oneof(
          fc.constantFrom(0, 1, 2, 100, 12_100, maxAmountMinor, Number.MAX_SAFE_INTEGER),
          fc.maxSafeNat(),
          fc.nat({ max: 1000 }),
        ),
      );
    case 'string': {
      const { format } = def as { format?: string };
      if (format === 'date') return day;
      if (format === 'datetime') return times;
      const pattern = def.checks
        ?.map(({ _zod }) => (_zod.def as { pattern?: RegExp }).pattern)
        .find((each) => each !== undefined);
      return fitting(pattern ? fc.stringMatching(pattern) : fc.oneof(currencies, texts));
    }
    default:
      throw new Error(`An event of the catalog has a ${def.type}: add its values here`);
  }
}

import { describe, expect, test, vi } from 'vitest';
import { failures, invoice, issued, logged, quarantined, run, succeeds, totals } from './consumerFixtures.ts';

describe('A message that can never succeed is put aside at once:', () => {
  const data = issued(1).data;
  test.each([
    ['not JSON', 'not-json', '{"specversion":"1.0"', 'The message is not JSON'],
    ['nothing', 'not-json', '', 'The message is not JSON'],
    ['null', 'not-cloudevents', 'null', 'The message is not a CloudEvents 1.0 event in structured JSON'],
    ['a number', 'not-cloudevents', '1', expect.any(String)],
    ['a text', 'not-cloudevents', '"1.0"', expect.any(String)],
    ['a list', 'not-cloudevents', '[{"specversion":"1.0"}]', expect.any(String)],
    ['another JSON', 'not-cloudevents', '{"Type":"Notification","Message":"{}"}', expect.any(String)],
    [
      'another version of CloudEvents',
      'not-cloudevents',
      invoice(1, { specversion: '0.3' }),
      expect.any(String),
    ],
    ['an event without a type', 'not-cloudevents', invoice(1, { type: undefined }), expect.any(String)],
    ['an event whose type is no text', 'not-cloudevents', invoice(1, { type: { a: 1 } }), expect.any(String)],
    [
      'another version of the event',
      'unknown-type',
      invoice(1, { type: 'invoice.issued.v2' }),
      'invoice.issued.v2 is not among the types that this service subscribes to',
    ],
    [
      'an event that others subscribe to',
      'unknown-type',
      invoice(1, { type: 'payment.captured.v1' }),
      expect.any(String),
    ],
    ['a type that every object has', 'unknown-type', invoice(1, { type: 'constructor' }), expect.any(String)],
    [
      'a very long type, which is cut',
      'unknown-type',
      invoice(1, { type: 'x'.repeat(1000) }),
      `${'x'.repeat(100)} is not among the types that this service subscribes to`,
    ],
    [
      'a field that is missing',
      'schema-violation',
      invoice(1, { data: { ...data, number: undefined } }),
      expect.stringMatching(/^data\.number: /),
    ],
    [
      'a field that is wrong',
      'schema-violation',
      invoice(1, { data: { ...data, totals: { ...totals, gross: -1 } } }),
      expect.stringMatching(/^data\.totals\.gross: /),
    ],
    [
      'an id that is not that of its place',
      'schema-violation',
      invoice(1, { id: 'inv_1:2' }),
      'id: must be the subject, a colon and the sequence number',
    ],
    [
      'more than 48 KiB',
      'too-large',
      invoice(1, { extra: '€'.repeat(16 * 1024) }),
      'An event may have 49152 bytes',
    ],
  ])('%s', async (_what, reason, body, detail) => {
    const handle = vi.fn(succeeds);
    expect(await run([body, invoice(2)], handle)).toEqual(failures());
    expect(quarantined()).toEqual([{ body, reason, detail }]);
    expect(handle.mock.calls).toEqual([['inv_2']]);
    expect(logged()).toMatchObject([
      { level: 'WARN', message: 'message quarantined', messageId: 'message-0', reason },
    ]);
  });

  test('an event of exactly 48 KiB is none of them', async () => {
    const room = 48 * 1024 - Buffer.byteLength(invoice(1, { extra: '' }));
    expect(await run([invoice(1, { extra: 'x'.repeat(room) })])).toEqual(failures());
    expect(quarantined()).toEqual([]);
  });
});

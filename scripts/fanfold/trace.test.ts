import { beforeEach, expect, it, vi } from 'vitest';
import { eventQuery } from '../../services/audit/src/eventQuery.ts';
import { trace } from './trace.ts';

const printed = vi.spyOn(console, 'log');

/** An event whose subject has as many characters as one can have. */
const subject = `pay_${'x'.repeat(124)}`;
const event = {
  id: `${subject}:1`,
  type: 'payment.captured.v1',
  subject,
  source: '/payments',
  correlationid: 'req_1',
  causationid: 'req_1',
  time: '2026-11-23T10:00:00.000Z',
  recordedAt: '2026-11-23T10:00:01.000Z',
  position: 0,
  data: {},
};

/** What a stack answers whose audit has this one event. Its queries are checked as audit does. */
function answerOf(url: URL): Response {
  if (url.pathname === '/') {
    const running = { url: 'http://127.0.0.1:1' };
    return Response.json({
      name: 'fanfold',
      issuer: 'http://127.0.0.1:1',
      services: { payments: running, billing: running, audit: running },
    });
  }
  const [, , id] = url.pathname.split('/').map(decodeURIComponent);
  if (id !== undefined) return id === event.id ? Response.json(event) : Response.json({}, { status: 404 });
  const query = eventQuery.safeParse(Object.fromEntries(url.searchParams));
  if (!query.success) return Response.json({ code: 'invalid_request' }, { status: 422 });
  const isFound = query.data.subject === subject || query.data.correlationId === event.correlationid;
  return Response.json({ object: 'list', data: isFound ? [event] : [], hasMore: false });
}

beforeEach(() => {
  printed.mockReset().mockReturnValue();
  vi.stubGlobal('fetch', async (url: string | URL) => answerOf(new URL(url)));
  return () => vi.unstubAllGlobals();
});

it.each([
  ['a subject', subject],
  ['an event', event.id],
])('the longest id of %s is found', async (_, id) => {
  await trace(id, { merchant: 'acme', json: true });
  expect(JSON.parse(printed.mock.calls.join())).toMatchObject({
    id,
    flows: [{ correlationId: 'req_1', said: [{ event: { id: event.id } }] }],
  });
});

it.each(['x'.repeat(129), 'x'.repeat(160), `re_${'x'.repeat(126)}`])(
  'an id that is longer than that of anything but an event is not known: %s',
  async (id) => {
    await expect(trace(id, { merchant: 'acme' })).rejects.toThrow(
      `Audit knows nothing of ${id}. Check the id`,
    );
  },
);

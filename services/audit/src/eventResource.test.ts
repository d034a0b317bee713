import { expect, it } from 'vitest';
import { entryOf } from './entryFixtures.ts';
import { eventResource } from './eventResource.ts';

const kept = { position: 7, recordedAt: '2026-11-23T10:00:01.000Z' };

it('shows an event as it came, fields unknown here included, and where it is in the log', () => {
  const { event } = entryOf('pay_1', 2);
  const text = JSON.stringify({ ...event, severity: 'high', data: { paymentId: 'pay_1', colour: ['red'] } });
  expect(eventResource({ text, ...kept })).toEqual({
    ...event,
    severity: 'high',
    data: { paymentId: 'pay_1', colour: ['red'] },
    object: 'event',
    ...kept,
  });
});

it('lets no event say where in the log it is', () => {
  const text = JSON.stringify({
    ...entryOf('pay_1', 2).event,
    object: 'payment',
    position: 0,
    recordedAt: 'never',
  });
  expect(eventResource({ text, ...kept })).toMatchObject({ object: 'event', ...kept });
});

import { CloudEvent, type CloudEventV1 } from 'cloudevents';
import { expect, it } from 'vitest';
import { receivedOf } from '../record/receivedFixtures.ts';
import { eventResource } from './eventResource.ts';

const known = {
  id: 'pay_1:2',
  type: 'payment.canceled.v1',
  subject: 'pay_1',
  merchantid: 'acme',
  time: '2026-11-23T10:00:00.000000000Z',
  sequence: '0000000002',
  correlationid: 'req_pay_1',
};
const kept = { position: 7, recordedAt: '2026-11-23T10:00:01.000Z' };
const inLog = { object: 'event', position: 7, recordedat: '2026-11-23T10:00:01.000Z' };

it('shows an event as it came, fields unknown here included, and where it is in the log', () => {
  const { event } = receivedOf('pay_1', 2);
  const text = JSON.stringify({ ...event, severity: 'high', data: { paymentId: 'pay_1', colour: ['red'] } });
  expect(eventResource({ ...known, text, ...kept })).toEqual({
    ...event,
    severity: 'high',
    data: { paymentId: 'pay_1', colour: ['red'] },
    ...inLog,
  });
});

it('lets no event say where in the log it is', () => {
  const text = JSON.stringify({
    ...receivedOf('pay_1', 2).event,
    object: 'payment',
    position: 0,
    recordedat: 'never',
  });
  expect(eventResource({ ...known, text, ...kept })).toMatchObject(inLog);
});

it('shows of an erased event what it is known by, and that it was erased', () => {
  expect(eventResource({ ...known, ...kept })).toEqual({
    specversion: '1.0',
    source: '/payments',
    ...known,
    data: null,
    erased: true,
    ...inLog,
  });
});

it.each([
  ['as it came', { ...known, text: JSON.stringify(receivedOf('pay_1', 2).event) }],
  ['that was erased', known],
  ['that was erased, of a type that nobody says any more', { ...known, type: 'payment.forgotten.v1' }],
])('shows an event %s as a CloudEvent that a strict reader takes', (_how, event) => {
  const shown = eventResource({ ...event, ...kept });
  const read = new CloudEvent(shown as unknown as CloudEventV1<unknown>, true);
  expect(read.validate()).toBe(true);
  expect(read).toMatchObject({ id: known.id, subject: known.subject, recordedat: kept.recordedAt });
});

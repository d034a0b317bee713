import { envelope } from '@fanfold/contracts/event';
import { listAnswer, time } from '@fanfold/runtime/answers';
import * as z from 'zod';

// The schemas of what the API answers. Functions do without them.

/** Of an erased event, what could tell about its data subject is missing. Publishers may send more than is known here. */
export const event = z.looseObject({
  ...envelope.shape,
  data: z.looseObject({}).nullable(),
  ...envelope.pick({ datacontenttype: true, causationid: true, traceparent: true }).partial().shape,
  object: z.literal('event'),
  position: z.int().min(0),
  recordedat: time,
  erased: z.literal(true).optional(),
});

export const eventList = listAnswer(event);

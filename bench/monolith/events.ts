import type { Event } from '@fanfold/contracts/event';
import { nothingToStartAfter, type Page } from '@fanfold/runtime/list';
import type { EventQuery } from '../../services/audit/src/query/eventQuery.ts';
import { comparableTime, type Recorded } from '../../services/audit/src/record/received.ts';
import type { Rows } from './database.ts';

/** Records events in the transaction that they tell of. */
export async function record(rows: Rows, events: Event[]): Promise<void> {
  for (const event of events) {
    const { merchantid, id, subject, type, correlationid, time } = event;
    await rows.query(
      `insert into events (merchant_id, id, subject, type, correlation_id, time, recorded_at, content)
       values ($1, $2, $3, $4, $5, $6, $7, $8)`,
      [
        ...[merchantid, id, subject, type, correlationid, comparableTime(time)],
        ...[new Date().toISOString(), JSON.stringify(event)],
      ],
    );
  }
}

export const loadEvent = async (rows: Rows, merchantId: string, id: string): Promise<Recorded | undefined> =>
  (await rows.query<Stored>(`${columns} where merchant_id = $1 and id = $2`, [merchantId, id])).map(
    recordedOf,
  )[0];

/** A merchant's events, the oldest first. */
export async function findEvents(rows: Rows, merchantId: string, query: EventQuery): Promise<Page<Recorded>> {
  const { limit, startingAfter, subject, correlationId, type, from, to } = query;
  const start = startingAfter === undefined ? undefined : await loadEvent(rows, merchantId, startingAfter);
  if (startingAfter !== undefined && !start) throw nothingToStartAfter('an event');
  const found = await rows.query<Stored>(
    `${columns} where merchant_id = $1 and position > $2 and ($3::text is null or subject = $3)
       and ($4::text is null or correlation_id = $4) and ($5::text is null or type = $5)
       and ($6::text is null or time >= $6) and ($7::text is null or time < $7)
     order by position limit $8`,
    [
      ...[merchantId, start?.position ?? 0],
      ...[subject, correlationId, type, from, to].map((each) => each ?? null),
      limit + 1,
    ],
  );
  return { items: found.slice(0, limit).map(recordedOf), hasMore: found.length > limit };
}

const columns = 'select position, recorded_at, content from events';

type Stored = { position: string | number; recorded_at: string; content: string };

function recordedOf({ position, recorded_at: recordedAt, content: text }: Stored): Recorded {
  const { id, type, subject, merchantid, time, sequence, correlationid } = JSON.parse(text) as Event;
  return {
    ...{ id, type, subject, merchantid, time, sequence, correlationid },
    ...{ position: Number(position), recordedAt, text },
  };
}

import type { RecordedEvent } from '../aws/auditLog.ts';
import type { Cause, Flow } from '../operations/flow.ts';
import { table } from './table.ts';

/** A flow as lines of text: first what it followed from, then each event with its time since the first one. */
export function linesOf(flow: Flow): string[] {
  const rows = flow.events.flatMap((cause) => rowsOf(cause, '', ''));
  const since = (time: string) =>
    `+${(Date.parse(time) - Date.parse(flow.startedAt)).toLocaleString('en-US')} ms`;
  return [
    `${flow.correlationId}  ${flow.startedAt}`,
    ...table(
      rows.map(({ branch, event }) => [
        since(event.time),
        branch + event.type,
        event.id,
        `recorded ${since(event.recordedat)}${event.erased ? ', erased' : ''}`,
      ]),
    ),
  ];
}

type Row = { branch: string; event: RecordedEvent };

function rowsOf({ event, caused }: Cause, branch: string, below: string): Row[] {
  const rows = caused.flatMap((cause, i) =>
    i < caused.length - 1
      ? rowsOf(cause, `${below}├─ `, `${below}│  `)
      : rowsOf(cause, `${below}└─ `, `${below}   `),
  );
  return [{ branch, event }, ...rows];
}

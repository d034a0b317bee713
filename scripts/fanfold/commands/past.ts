import { UsageError } from '../errors.ts';

/** @throws UsageError when it has not begun (UTC) */
export function requirePastDay(date: string, now: Date): void {
  if (date <= now.toISOString().slice(0, 10)) return;
  throw new UsageError(`--date ${date} is in the future: there are no events of that day yet.`);
}

/** @throws UsageError when nothing can have been recorded between them, or more may still be */
export function requirePast({ from, to }: { from: string; to: string }, now: Date): void {
  if (from >= to) throw new UsageError(`--from ${from} is not before --to ${to}: swap or widen them.`);
  const [option, time] = from > now.toISOString() ? ['--from', from] : ['--to', to];
  if (time > now.toISOString()) {
    throw new UsageError(
      `${option} ${time} is in the future: later events are not recorded yet. ` +
        'For everything up to now: --to "$(date -u +%FT%TZ)".',
    );
  }
}

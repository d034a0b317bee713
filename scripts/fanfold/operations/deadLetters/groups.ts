import type { DeadLetter } from './deadLetter.ts';

/** The dead letters of a place that have their cause in common, and are put aside or not. */
export type Group = {
  queue: string;
  cause: string;
  /** Whether they are put aside. */
  isAside: boolean;
  count: number;
  oldest: string;
  /** How many of each type of event; what is no event has none. */
  types: Record<string, number>;
  examples: string[];
};

/** Groups, the largest first. */
export function groupsOf(deadLetters: DeadLetter[]): Group[] {
  const groups = new Map<string, Group>();
  for (const { place, cause, since, type, messageId, aside } of deadLetters) {
    const isAside = aside !== null;
    const key = JSON.stringify([place.name, cause, isAside]);
    const group = groups.get(key) ?? {
      queue: place.name,
      cause,
      isAside,
      count: 0,
      oldest: since,
      types: {},
      examples: [],
    };
    groups.set(key, group);
    group.count += 1;
    if (since < group.oldest) group.oldest = since;
    if (type !== null) group.types[type] = (group.types[type] ?? 0) + 1;
    if (group.examples.length < 3) group.examples.push(messageId);
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}

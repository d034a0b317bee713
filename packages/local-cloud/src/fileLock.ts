import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';

/** SQLITE_BUSY: https://www.sqlite.org/rescode.html#busy */
const busy = 5;

/**
 * Locks `file`, whose folder must be there, against other processes and other callers in this one. SQLite locks files on every
 * system, and Node has no other way to; the system releases the lock when the process ends, however it ends.
 *
 * @returns a function that releases it, once, or undefined when somebody else has it
 * @throws when the file cannot be written
 */
export function tryLock(file: string): (() => void) | undefined {
  const database = new DatabaseSync(file);
  try {
    database.exec('BEGIN EXCLUSIVE');
    return () => {
      if (database.isOpen) database.close();
    };
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === busy) return undefined;
    throw error;
  }
}

/** As {@link tryLock}, and waits until nobody else has it. */
export async function lock(file: string): Promise<() => void> {
  for (;;) {
    const release = tryLock(file);
    if (release) return release;
    await delay(50);
  }
}

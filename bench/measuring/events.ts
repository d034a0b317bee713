import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Event } from '@fanfold/contracts/event';

const folder = join(import.meta.dirname, '../../packages/contracts/examples');

export type Example = Event & { data: Record<string, unknown> };

/** An event of a type, as packages/contracts shows it. */
export const exampleOf = (type: string): Example =>
  JSON.parse(readFileSync(join(folder, `${type}.json`), 'utf8'));

/** The event about another payment, the n-th: wherever it names its own, or its document or request. */
export function aboutAnother<E extends object>(event: E, n: number): E {
  const digits = n.toString(16).padStart(32, '0');
  const renamed = (text: string) => text.replace(/^(pay|inv|cn|re|req)_[0-9a-f]{32}/, `$1_${digits}`);
  return JSON.parse(JSON.stringify(event), (_key, value) =>
    typeof value === 'string' ? renamed(value) : value,
  );
}

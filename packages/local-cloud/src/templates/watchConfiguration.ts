import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { templateSources } from './packagedTemplates.ts';

/**
 * Watches what services' templates are made of, which is read at the start only.
 *
 * @param folders the services' (absolute paths).
 * @param onChange is given a file's path from the working folder on, each time that it has another content, and not
 *   that of the start.
 */
export async function watchConfiguration(folders: string[], onChange: (path: string) => void): Promise<void> {
  const atStart = new Map<string, string>();
  for (const file of (await Promise.all(folders.map(templateSources))).flat()) {
    atStart.set(file, await readFile(file, 'utf8'));
  }
  const seen = new Map(atStart);
  const check = async (file: string) => {
    // An editor empties a file before it fills it, or puts another one in its place.
    await setTimeout(50);
    const content = await readFile(file, 'utf8').catch(() => '');
    if (content === '' || content === seen.get(file)) return;
    seen.set(file, content);
    if (content !== atStart.get(file)) onChange(relative('.', file));
  };
  // Folders: a file that is replaced is another one.
  for (const parent of new Set([...atStart.keys()].map(dirname))) {
    watch(parent, { persistent: false }, (_event, name) => {
      if (name && atStart.has(join(parent, name))) check(join(parent, name));
    });
  }
}

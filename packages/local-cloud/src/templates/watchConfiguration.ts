import { watch } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { templateSources } from './packagedTemplates.ts';

/**
 * Watches the files that make up services' templates, which are read at the start only.
 *
 * @param folders the services' (absolute paths).
 * @param onChange is called with a file's path, relative to the working folder, each time that its content has
 *   changed, and is not that of the start.
 */
export async function watchConfiguration(folders: string[], onChange: (path: string) => void): Promise<void> {
  const atStart = new Map<string, string>();
  for (const file of (await Promise.all(folders.map(templateSources))).flat()) {
    atStart.set(file, await readFile(file, 'utf8'));
  }
  const seen = new Map(atStart);
  const check = async (file: string) => {
    // An editor may empty a file before it writes it, or replace it by another one.
    await setTimeout(50);
    const content = await readFile(file, 'utf8').catch(() => '');
    if (content === '' || content === seen.get(file)) return;
    seen.set(file, content);
    if (content !== atStart.get(file)) onChange(relative('.', file));
  };
  // Folders, because a file that is replaced is another file.
  for (const parent of new Set([...atStart.keys()].map(dirname))) {
    watch(parent, { persistent: false }, (_event, name) => {
      if (name && atStart.has(join(parent, name))) check(join(parent, name));
    });
  }
}

import { existsSync, type FSWatcher, watch } from 'node:fs';
import { dirname, join } from 'node:path';
import { serviceNames, templateSources } from '@fanfold/local-cloud/packagedTemplates';

const repository = join(import.meta.dirname, '../..');
const services = join(repository, 'services');

/** An editor may empty a file before it writes it, and a command writes several. */
const pauseMs = 150;

/**
 * Watches what the services of a stack and their templates are made of: serverless-compose.yml, and the configuration in the folders
 * of services, those that come later included, and of what they share.
 *
 * @param onChange is called some time after the last of several changes
 * @returns ends it
 */
export async function watchServices(onChange: () => void): Promise<() => void> {
  const watchers = new Map<string, FSWatcher>();
  let pause: NodeJS.Timeout | undefined;
  const changed = () => {
    clearTimeout(pause);
    pause = setTimeout(() => {
      // First, so that what follows in a new folder is seen.
      watchFolders().then(onChange, onChange);
    }, pauseMs);
  };
  const watchFolders = async () => {
    const names = await serviceNames();
    const sources = await Promise.all(names.map((name) => templateSources(join(services, name))));
    // Folders, because a file that is replaced is another file.
    const folders = new Set([repository, services, ...sources.flat().map(dirname)]);
    for (const folder of folders) {
      if (watchers.has(folder) || !existsSync(folder)) continue;
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || /\.(ya?ml|[cm]?js)$|^package\.json$/.test(name) || folder === services)
          changed();
      });
      watcher.on('error', () => {
        watcher.close();
        watchers.delete(folder);
      });
      watchers.set(folder, watcher);
    }
    for (const [folder, watcher] of watchers) {
      if (existsSync(folder)) continue;
      watcher.close();
      watchers.delete(folder);
    }
  };
  await watchFolders();
  return () => {
    clearTimeout(pause);
    for (const watcher of watchers.values()) watcher.close();
  };
}

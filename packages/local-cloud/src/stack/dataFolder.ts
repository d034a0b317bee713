import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import manifest from '../../../../package.json' with { type: 'json' };
import { tryLock } from '../fileLock.ts';
import { type TableShape, tableChanges } from '../templates/tableShape.ts';

/**
 * Raised when data is stored in another way of which nothing else tells: other files, or another emulator. What a template
 * changes need not be counted here, because the folder has the shapes of its tables.
 */
const format = 1;

/** Written when the folder is made, as `fanfold.json`. */
type Written = { format: number; version: string };

/** What stood in a folder before it had a version. */
const dataFiles = ['dynamodb.sqlite', 'fauxqs.db', 'kms.json'];

/**
 * Refuses a data folder that this version cannot go on with. It only reads: no emulator has opened the folder yet.
 *
 * @param tables shapes of tables that the stack will have, by their names; more may follow
 * @throws when another version has written it in another format, when it has a table in another shape, or when it cannot be
 *   read
 */
export async function checkDataFolder(
  folder: string,
  tables: Record<string, TableShape> = {},
): Promise<void> {
  const files = await filesIn(folder);
  if (files.length === 0) return;
  if (!files.includes('fanfold.json')) {
    throw files.some((file) => dataFiles.includes(file))
      ? otherVersion(folder, `a version before ${manifest.version}`, 'it says nothing of its format')
      : new Error(
          `${folder} has other files than a stack's: set FANFOLD_DATA_FOLDER to an empty folder, or to a new one.`,
        );
  }
  const written = await readStored<Written>(join(folder, 'fanfold.json'));
  const writer = `version ${written.version}`;
  if (written.format !== format)
    throw otherVersion(folder, writer, `its format is ${written.format}, not ${format}`);
  for (const [name, shape] of Object.entries(tables)) {
    if (!files.includes(`table-${name}.json`)) continue;
    const stored = await readStored<TableShape>(tableFile(folder, name));
    const [change] = tableChanges(stored, shape);
    if (change) throw otherVersion(folder, writer, `${name}${change.text}`);
  }
}

/**
 * Notes the shapes of tables before they are created in a data folder, for those who come later. They could be read from the
 * database, but SQLite would write files beside it to read it, also of a folder that is refused.
 *
 * @throws as checkDataFolder
 */
export async function keepTables(folder: string, tables: Record<string, TableShape>): Promise<void> {
  await checkDataFolder(folder, tables);
  for (const [name, shape] of Object.entries(tables))
    await writeStored(tableFile(folder, name), shape, folder);
}

/**
 * Locks a data folder for this process: two stacks would overwrite each other's data. It is made if it is not there.
 *
 * @returns a function that releases it
 * @throws when another running process has it, it cannot be written, or as checkDataFolder
 */
export async function holdDataFolder(folder: string): Promise<() => Promise<void>> {
  await checkDataFolder(folder);
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw unusable(folder, error);
  });
  const release = await hold(folder);
  try {
    const { version } = manifest;
    await writeStored(join(folder, 'fanfold.json'), { format, version } satisfies Written, folder);
  } catch (error) {
    await release();
    throw error;
  }
  return release;
}

/** What a running stack has in its folder: the lock, and for who finds it locked whose it is. */
const holderFiles = { lock: 'stack.lock', pid: 'stack.pid' };

async function hold(folder: string): Promise<() => Promise<void>> {
  const lock = join(folder, holderFiles.lock);
  const pid = join(folder, holderFiles.pid);
  try {
    // Of a folder that cannot be written, the system says more than SQLite.
    await appendFile(lock, '');
    const unlock = tryLock(lock);
    if (unlock) {
      // The lock's file stays: who removes it may remove one that another process has locked meanwhile.
      const release = async () => {
        await rm(pid, { force: true }).finally(unlock);
      };
      await writeFile(pid, String(process.pid)).catch((error) => release().then(() => Promise.reject(error)));
      return release;
    }
  } catch (error) {
    throw unusable(folder, error);
  }
  const holder = await readFile(pid, 'utf8').catch(() => 'unknown');
  throw new Error(
    `The data in ${folder} is used by another stack (pid ${holder}). Stop it, or set FANFOLD_DATA_FOLDER to another folder.`,
  );
}

const tableFile = (folder: string, name: string): string => join(folder, `table-${name}.json`);

/** All but what a running stack has there. */
async function filesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((file) => !Object.values(holderFiles).includes(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unusable(folder, error);
  }
}

async function readStored<T>(file: string): Promise<T> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw damaged(file, error);
  }
}

/** Written to another file and renamed: after a crash or on a full disk the old one is still there. */
async function writeStored(file: string, value: object, folder: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, JSON.stringify(value));
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw unusable(folder, error);
  }
}

const otherVersion = (folder: string, writer: string, why: string): Error =>
  new Error(
    `The data in ${folder} was written by ${writer} of Fanfold and cannot be used by this version, because ${why}: start that ` +
      'version, or remove the folder to begin anew.',
  );

const reasons: Record<string, string> = {
  EACCES: 'you may not write there',
  EEXIST: 'it is a file',
  EDQUOT: 'your quota is used up',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'it is, or is below, a file',
  EPERM: 'you may not write there',
  EROFS: 'it is read-only',
};

/** Of a folder that cannot be read or written as a whole. */
function unusable(folder: string, error: unknown): Error {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new Error(
    `No data can be kept in ${folder} (${reasons[code] ?? message}): change that, or set FANFOLD_DATA_FOLDER to another folder.`,
    { cause: error },
  );
}

/** Of a file in a data folder that cannot be opened. */
export function damaged(file: string, error: unknown): Error {
  const { message } = error as Error;
  const wayOut = /\b(full|ENOSPC)\b/.test(message)
    ? 'make room on its disk'
    : /readonly|read-only|EACCES|EROFS/.test(message)
      ? 'make it writable'
      : 'put back a copy of the whole folder, or remove the folder to begin anew';
  return new Error(`${file} cannot be opened (${message.replace(/\.$/, '')}): ${wayOut}.`, { cause: error });
}

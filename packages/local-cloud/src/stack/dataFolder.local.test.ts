import { chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import manifest from '../../../../package.json' with { type: 'json' };
import { startEmulators } from '../emulators/emulators.ts';
import type { TableShape } from '../templates/tableShape.ts';
import { checkDataFolder, holdDataFolder, keepTables } from './dataFolder.ts';

const events: TableShape = {
  keys: 'pk S, sk S',
  indexes: { ByMerchant: { keys: 'merchantId S, position N', projection: 'INCLUDE time, type' } },
  stream: 'NEW_IMAGE',
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-data-'));
  onTestFinished(() => rm(folder, { recursive: true }));
});

/** Everything in the folder, by file. */
async function contents(): Promise<Record<string, string>> {
  const files = (await readdir(folder)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'base64')));
  return Object.fromEntries(files.map((file, i) => [file, texts[i] as string]));
}

/** A stack has used the folder, and has ended. */
async function used(): Promise<void> {
  const release = await holdDataFolder(folder);
  await keepTables(folder, { events });
  await release();
}

/** Both refuse the folder with the same error, and leave it as it is. */
async function refused(message: RegExp | string, tables?: Record<string, TableShape>): Promise<void> {
  const before = await contents();
  await expect(checkDataFolder(folder, tables)).rejects.toThrow(message);
  await expect(tables ? keepTables(folder, tables) : holdDataFolder(folder)).rejects.toThrow(message);
  expect(await contents()).toEqual(before);
}

describe('a data folder', () => {
  test('is used again by the version that made it', async () => {
    await used();
    await checkDataFolder(folder, { events, others: events });
    await used();
  });

  test('of before there were versions is refused, and left as it is', async () => {
    for (const file of ['dynamodb.sqlite', 'fauxqs.db', 'kms.json']) await writeFile(join(folder, file), '');
    await refused(
      `The data in ${folder} was written by a version before ${manifest.version} of Fanfold and cannot be used by this version, ` +
        'because it says nothing of its format: start that version, or remove the folder to begin anew.',
    );
  });

  test('of another format is refused with the version that wrote it', async () => {
    await writeFile(join(folder, 'fanfold.json'), JSON.stringify({ format: 99, version: '7.0.0' }));
    await refused(
      / was written by version 7\.0\.0 of Fanfold and .* its format is 99, not 1: start that version, or/,
    );
  });

  test('is not made of a folder with other files', async () => {
    await writeFile(join(folder, 'thesis.txt'), 'years of work');
    await refused(`${folder} has other files than a stack's: set FANFOLD_DATA_FOLDER to an empty folder`);
  });

  test.each<[string, Partial<TableShape>]>([
    [' has other keys: pk S, sk S before, pk S now', { keys: 'pk S' }],
    [' has another stream: NEW_IMAGE before, none now', { stream: null }],
    ["'s index ByMerchant is no longer there", { indexes: {} }],
    [
      ' has a new index ByType',
      { indexes: { ...events.indexes, ByType: { keys: 'type S', projection: 'ALL' } } },
    ],
    [
      "'s index ByMerchant has another projection: INCLUDE time, type before, INCLUDE recordedAt, time, type now",
      {
        indexes: {
          ByMerchant: { keys: 'merchantId S, position N', projection: 'INCLUDE recordedAt, time, type' },
        },
      },
    ],
  ])('with a table of another shape is refused: events%s', async (change, changed) => {
    await used();
    await refused(
      `was written by version ${manifest.version} of Fanfold and cannot be used by this version, because events${change}: start`,
      { events: { ...events, ...changed } },
    );
  });

  test.each(['fanfold.json', 'table-events.json'])(
    'whose %s is damaged is refused with its path',
    async (file) => {
      await used();
      await writeFile(join(folder, file), '{');
      const tables = file === 'fanfold.json' ? undefined : { events };
      await refused(`${join(folder, file)} cannot be opened (`, tables);
    },
  );

  test('belongs to one stack by all of its paths', async () => {
    const release = await holdDataFolder(folder);
    const links = await mkdtemp(join(tmpdir(), 'fanfold-links-'));
    onTestFinished(() => rm(links, { recursive: true }));
    await symlink(folder, join(links, 'other'));
    await expect(holdDataFolder(join(links, 'other'))).rejects.toThrow(`another stack (pid ${process.pid})`);
    await release();
    await (await holdDataFolder(join(links, 'other')))();
  });

  test('that is a file, or below one, is refused with its path and another way', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    for (const wrong of [file, join(file, 'below')]) {
      await expect(holdDataFolder(wrong)).rejects.toThrow(
        `No data can be kept in ${wrong} (it is, or is below, a file): change that, or set FANFOLD_DATA_FOLDER to`,
      );
    }
  });

  // The root user may write anywhere.
  test.skipIf(process.getuid?.() === 0)('that nobody may write is refused with its path', async () => {
    const readOnly = join(folder, 'readOnly');
    await mkdir(readOnly, { mode: 0o500 });
    const refusal = `No data can be kept in ${readOnly} (you may not`;
    await expect(holdDataFolder(readOnly)).rejects.toThrow(refusal);
    await chmod(readOnly, 0o700);
    // Of a stack that was killed.
    await writeFile(join(readOnly, 'stack.pid'), '');
    await chmod(readOnly, 0o500);
    await expect(holdDataFolder(readOnly)).rejects.toThrow(refusal);
    await chmod(readOnly, 0o700);
  });
});

test.each(['dynamodb.sqlite', 'fauxqs.db', 'kms.json'])(
  'a stack does not start on a damaged %s, whose path it names with the way out',
  async (file) => {
    const damaged = join(folder, file);
    await writeFile(damaged, 'damaged '.repeat(2_000));
    await expect(startEmulators({ dataFolder: folder })).rejects.toThrow(
      new RegExp(
        `^${damaged} cannot be opened \\(.*\\): put back a copy of the whole folder, or remove the folder`,
      ),
    );
    expect(await readFile(damaged, 'utf8')).toBe('damaged '.repeat(2_000));
  },
);

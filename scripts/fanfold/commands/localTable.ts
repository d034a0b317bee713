import type { StackDescription } from '@fanfold/local-cloud/stack';
import { type LocalTable, putTableBack, saveTable, tablesOf } from '@fanfold/local-cloud/tables';
import { during } from '../../progress.ts';
import { cloudOf } from '../aws/cloud.ts';
import { runningStack } from '../aws/stack.ts';
import { UsageError } from '../errors.ts';
import { requireStopped } from '../operations/triggers.ts';
import { print, printJson } from '../terminal.ts';

type Options = { json?: true };

/**
 * `fanfold table save`: writes what a table of the stack on this machine has into a file.
 *
 * @throws UsageError when there is no such table, or the file is there already
 */
export async function save(name: string, file: string, { json }: Options): Promise<void> {
  const [stack, table] = await tableNamed(name);
  const items = await saveTable(stack, table, file).catch(refuseFile(file));
  if (json) printJson({ table: name, file, items });
  else print(`Saved ${counted(items)} of the table ${name} in ${file}, names and addresses among it.`);
}

/**
 * `fanfold table put-back`: has a table be as it was saved. Its service must be stopped.
 *
 * @throws UsageError when there is no such table or file
 * @throws when the service runs, or the file is of another table; then nothing has changed
 */
export async function putBack(name: string, file: string, { json }: Options): Promise<void> {
  const [stack, table] = await tableNamed(name);
  await requireStopped(await cloudOf({ stage: 'local' }), [table.service]);
  const items = await putTableBack(stack, table, file).catch(refuseFile(file));
  if (json) printJson({ table: name, file, items });
  else print(`The table ${name} is another one, with the ${counted(items)} of ${file}.`);
}

const counted = (items: number): string => `${items.toLocaleString('en-US')} item${items === 1 ? '' : 's'}`;

async function tableNamed(name: string): Promise<[StackDescription, LocalTable]> {
  const stack = await runningStack();
  const tables = await during('packaging the services, whose templates have the tables', () =>
    tablesOf(stack),
  );
  const table = tables.find((each) => each.name === name);
  if (table) return [stack, table];
  throw new UsageError(
    `The stack has no table ${name}. Its tables: ${tables
      .map((each) => each.name)
      .sort()
      .join(', ')}.`,
  );
}

const refuseFile = (file: string) => (error: NodeJS.ErrnoException) => {
  if (error.code === 'EEXIST') throw new UsageError(`${file} is there already. Name a new file.`);
  if (error.code === 'ENOENT') throw new UsageError(`${file} cannot be found.`);
  throw error;
};

import { runningStack, stackPort } from '../aws/stack.ts';
import { CommandError } from '../errors.ts';
import { findPage, openShell, tutorialPages } from '../operations/tutorial.ts';
import { ask, print, printHeading, printJson } from '../terminal.ts';

/**
 * `fanfold learn`: lists the pages of the tutorial, or shows one and runs its commands on the running stack. At a terminal it waits
 * before each command.
 *
 * @throws UsageError when there is no such page, CommandError when a command of it fails
 */
export async function learn(wanted: string | undefined, { json }: { json?: true }): Promise<void> {
  const pages = await tutorialPages();
  if (wanted === undefined) {
    const listed = pages.map(({ name, title }, i) => ({ number: i + 1, name, title }));
    if (json) return printJson(listed);
    print(
      ...listed.map(
        ({ number, name, title }) => `${String(number).padStart(2)}  ${name.slice(3).padEnd(26)}  ${title}`,
      ),
    );
    return print(
      '',
      '`fanfold learn <number or name>` shows a page and runs its commands on the stack of `pnpm dev`.',
    );
  }
  const page = findPage(pages, wanted);
  if (json) return printJson(page);
  await runningStack();
  printHeading(page.title);
  await using shell = openShell(stackPort());
  for (const part of page.parts) {
    if ('text' in part) {
      print('', ...part.text.split('\n'), '');
      continue;
    }
    print(...part.command.split('\n').map((line) => `  $ ${line}`));
    await ask('  (Enter runs it) ');
    const { output, code } = await shell.run(part.command);
    print('', ...output.split('\n'), '');
    if (code !== 0)
      throw new CommandError(
        `The command failed with ${code}. Is the stack running? \`pnpm dev\` starts it.`,
      );
  }
  const next = pages[pages.indexOf(page) + 1];
  if (next) print(`Next: \`fanfold learn ${next.name.slice(3)}\``);
}

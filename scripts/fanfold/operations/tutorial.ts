import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';

const repository = join(import.meta.dirname, '../../..');
const folder = join(repository, 'docs/tutorial');

/** A page of docs/tutorial: text, and commands with what they print, in their order. */
export type TutorialPage = {
  /** The name of its file, such as `05-fan-out`. */
  name: string;
  title: string;
  parts: TutorialPart[];
};

export type TutorialPart = { text: string } | { command: string; output: string };

/** All pages, in their order. */
export async function tutorialPages(): Promise<TutorialPage[]> {
  const files = (await readdir(folder)).filter((file) => /^\d\d-[a-z0-9-]+\.md$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => pageOf(file.replace('.md', ''), await readFile(join(folder, file), 'utf8'))),
  );
}

/**
 * The page that somebody means: by its number, or by its name with or without the number.
 *
 * @throws UsageError when there is none
 */
export function findPage(pages: TutorialPage[], wanted: string): TutorialPage {
  const found = pages.find(
    ({ name }, i) => wanted === name || wanted === name.slice(3) || Number(wanted) === i + 1,
  );
  if (!found) throw new UsageError(`There is no page ${wanted}. \`fanfold learn\` lists the pages.`);
  return found;
}

/** A command is in a block of `sh`; a block of `text` right behind it is what it prints. */
export function pageOf(name: string, markdown: string): TutorialPage {
  const [, title = name, body = ''] = /^# (.+)\n([\s\S]*)$/.exec(markdown) ?? [];
  const parts: TutorialPart[] = [];
  let rest = 0;
  const add = (text: string) => text.trim() !== '' && parts.push({ text: text.trim() });
  for (const block of body.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n```text\n([\s\S]*?)^```\n)?/gm)) {
    add(body.slice(rest, block.index));
    parts.push({ command: (block[1] ?? '').trimEnd(), output: (block[2] ?? '').trimEnd() });
    rest = block.index + block[0].length;
  }
  add(body.slice(rest));
  return { name, title, parts };
}

/** A shell in the repository, for the commands of one page: what one sets, the next ones have. */
export type Shell = AsyncDisposable & {
  /** @returns what the command printed, and the exit code of its last part */
  run(command: string): Promise<{ output: string; code: number }>;
};

/**
 * @param base the port of the stack that the commands are for
 * @param folder where they run: the repository, or a copy of it
 */
export function openShell(base: number, folder = repository): Shell {
  const shell = spawn('bash', { cwd: folder, env: { ...process.env, FANFOLD_PORT: String(base) } });
  let printed = '';
  let told = () => {};
  for (const stream of [shell.stdout, shell.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      told();
    });
  }
  shell.once('exit', () => told());
  return {
    async run(command) {
      printed = '';
      shell.stdin.write(`{\n${command}\n} 2>&1\nprintf '\\n${ending} %s\\n' "$?"\n`);
      for (;;) {
        const [all, code] = new RegExp(`\\n${ending} (\\d+)\\n`).exec(printed) ?? [];
        if (all !== undefined) return { output: printed.replace(all, '').trimEnd(), code: Number(code) };
        if (shell.exitCode !== null) return { output: printed.trimEnd(), code: shell.exitCode };
        await new Promise<void>((resolve) => {
          told = resolve;
        });
      }
    },
    async [Symbol.asyncDispose]() {
      const ended = shell.exitCode === null ? once(shell, 'exit') : undefined;
      shell.stdin.end();
      await ended;
    },
  };
}

/** No command prints it. */
const ending = '--- end of the command:';

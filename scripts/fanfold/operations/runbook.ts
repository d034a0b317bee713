import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export const runbooks = join(import.meta.dirname, '../../../docs/runbooks');

/** The commands of a page that begin so, in blocks and in sentences, each in one line. */
export const commandsIn = (text: string, program: string): string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$|`([^`\n]+)`/gm)]
    .flatMap(([, block, inline]) => (block ?? inline ?? '').replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.startsWith(`${program} `));

/**
 * A command of a runbook, for the stack on a laptop.
 *
 * @param begin what it begins with, such as `./fanfold dlq list`
 * @throws when the runbook has none that begins so
 */
export function commandOf(runbook: string, begin: string): string {
  const [found] = commandsIn(readFileSync(join(runbooks, `${runbook}.md`), 'utf8'), begin);
  if (found === undefined) throw new Error(`docs/runbooks/${runbook}.md has no command \`${begin} …\`.`);
  return found.replace(' --stage production', '').replace('-production-', '-local-');
}

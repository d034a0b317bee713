import type { Change } from '@fanfold/description/compare/descriptionChanges';
import { InexpressibleSchema } from '@fanfold/description/jsonSchema';
import { runningStack } from '../aws/stack.ts';
import { CommandError } from '../errors.ts';
import { developmentToken } from '../operations/accessToken.ts';
import { changesSince } from '../operations/descriptionChanges.ts';
import {
  type Description,
  isCurrent,
  makeDescriptions,
  writeDescription,
  writeExchanges,
} from '../operations/descriptions.ts';
import { recordExchanges } from '../operations/exchanges.ts';
import { print, printJson } from '../terminal.ts';

type Options = { examples?: true; json?: true };

/**
 * `fanfold describe`: writes the documents that describe the services, from their code.
 *
 * @param options with `examples`, the examples are recorded anew before, from the running stack
 */
export async function describe({ examples, json }: Options): Promise<void> {
  if (examples) await recordExamples();
  const descriptions = await descriptionsOfCode();
  const written: { path: string; changed: boolean }[] = [];
  for (const description of descriptions) {
    const changed = !(await isCurrent(description));
    if (changed) await writeDescription(description);
    written.push({ path: description.path, changed });
  }
  if (json) printJson(written);
  else print(...written.map(({ path, changed }) => `${changed ? 'written  ' : 'unchanged'}  ${path}`));
}

/**
 * `fanfold describe --against <ref>`: what changes for those who call, and for those who subscribe, between a commit and
 * the code as it is.
 *
 * @returns whether anything breaks that no new version declares
 * @throws UsageError when the commit is unknown or has no descriptions, or a file in `consumers` is wrong
 */
export async function describeAgainst(ref: string, { json }: Options): Promise<boolean> {
  const changes = await changesSince(ref, descriptionsOfCode);
  const breaking = changes.filter(({ effect }) => effect === 'breaking');
  if (json) {
    printJson(changes);
    return breaking.length > 0;
  }
  if (changes.length === 0) print(`Nothing that is described has changed since ${ref}.`);
  else print(...changes.flatMap(linesOf));
  if (breaking.length === 0) return false;
  print(
    '',
    `${breaking.length === 1 ? 'One change breaks' : `${breaking.length} changes break`} those who read it. ` +
      'What to do is in CONTRIBUTING.md, "Recipe: a change of what others read".',
  );
  return true;
}

/** A change as it is read: whom it breaks is below it. */
export const linesOf = ({ effect, of, pointer, what, consumers }: Change): string[] => [
  `${effect.padEnd(10)}  ${of}${pointer && ` ${pointer}`}: ${what}`,
  ...consumers.map((consumer) => `            breaks ${consumer}`),
];

async function descriptionsOfCode(): Promise<Description[]> {
  return makeDescriptions().catch((error: Error) => {
    throw error instanceof InexpressibleSchema ? new CommandError(error.message) : error;
  });
}

async function recordExamples(): Promise<void> {
  const { services } = await runningStack();
  const urls = Object.fromEntries(Object.entries(services).map(([name, { url }]) => [name, url]));
  const exchanges = await recordExchanges({
    urls,
    token: (merchant, scopes) => developmentToken(merchant, scopes, 3600),
  });
  await writeExchanges(exchanges);
}

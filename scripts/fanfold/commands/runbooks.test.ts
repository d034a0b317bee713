import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fanfold } from '../commandFixtures.ts';
import { commandsIn, runbooks as folder } from '../operations/runbook.ts';

const pages = readdirSync(folder)
  .filter((name) => name !== 'README.md')
  .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));

describe('a runbook', () => {
  test.each(pages)(
    '$name says what it means, what customers notice, where to look, what to do, and when it is over',
    ({ name, text }) => {
      expect(text).toMatch(
        new RegExp(
          `^# ${name.replace('.md', '')}\n\n\\*\\*What it means\\.\\*\\* .+\n\n\\*\\*What customers notice\\.\\*\\* .+\n`,
        ),
      );
      expect([...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading)).toEqual([
        'First look',
        'Do',
        'Over when',
      ]);
      expect(
        commandsIn(text, './fanfold').length +
          commandsIn(text, 'aws').length +
          commandsIn(text, 'curl').length,
      ).toBeGreaterThan(0);
    },
  );

  test('names only commands of ./fanfold that are there, with options that they have', async () => {
    const used = pages.flatMap(({ text }) => commandsIn(text, './fanfold'));
    const byName = Map.groupBy(used, (line) =>
      (/^\.\/fanfold ((?:dlq|stage|audit) )?\w[\w-]*/.exec(line)?.[0] ?? line).slice('./fanfold '.length),
    );
    for (const [name, lines] of byName) {
      const { code, stdout } = await fanfold([...name.split(' '), '--help']);
      expect({ name, code }).toEqual({ name, code: 0 });
      expect(stdout).toContain(`Usage: fanfold ${name} `);
      const options = lines.flatMap((line) =>
        [...line.matchAll(/ (--[a-z-]+)/g)].map(([, option]) => option),
      );
      expect(options.filter((option) => !stdout.includes(`${option}`))).toEqual([]);
    }
    expect(byName.size).toBeGreaterThan(8);
  });

  test('names only calls of AWS that are there', async () => {
    const packages: Record<string, string> = {
      events: 'eventbridge',
      logs: 'cloudwatch-logs',
      s3api: 's3',
    };
    const used = new Set(
      pages
        .flatMap(({ text }) => commandsIn(text, 'aws'))
        .map((line) => line.split(' ').slice(1, 3).join(' ')),
    );
    expect(used.size).toBeGreaterThan(8);
    for (const call of used) {
      const [service = '', operation = ''] = call.split(' ');
      // The tool's own.
      if (call === 'logs tail') continue;
      const client = await import(`@aws-sdk/client-${packages[service] ?? service}`);
      const command =
        operation === 'invoke'
          ? 'InvokeCommand'
          : `${operation.replaceAll(/(^|-)(\w)/g, (_, _dash, letter) => letter.toUpperCase())}Command`;
      expect(Object.keys(client), call).toContain(command);
    }
  });
});

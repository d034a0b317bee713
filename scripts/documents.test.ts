import { describe, expect, it } from 'vitest';
import { brokenReferences, decisionFaults, lengthFaults, yamlFaults } from './documents.ts';

const files = ['README.md', 'docs/deploy.md', 'docs/audit-log.md', 'scripts/dev.ts'];
const broken = (path: string, text: string, deploy = '# Deploy\n\n## An account\n\n## `dev`, and then\n') =>
  brokenReferences(
    [
      { path, text },
      { path: 'docs/deploy.md', text: deploy },
    ],
    files,
  );

describe('references in documents', () => {
  it('are right when file and heading exist', () => {
    expect(
      broken('README.md', '[a](docs/deploy.md#an-account) [b](docs/) `scripts/dev.ts` `dev.ts`'),
    ).toEqual([]);
    const page = '# A page\n\n[a](deploy.md#dev-and-then) [b](../README.md) [c](#a-page)';
    expect(broken('docs/audit-log.md', page)).toEqual([]);
  });

  it('are broken when the file is not there', () => {
    expect(broken('README.md', '[a](docs/deployment.md)')).toEqual([
      'README.md: there is no docs/deployment.md',
    ]);
    for (const name of ['scripts/develop.ts', 'develop.ts']) {
      expect(broken('README.md', `as \`${name}\` does`)).toEqual([`README.md: there is no ${name}`]);
    }
  });

  it('are broken when the page has no such heading, or has it in a block of code only', () => {
    const fault = ['README.md: docs/deploy.md#a-stage names no heading of docs/deploy.md'];
    expect(broken('README.md', '[a](docs/deploy.md#a-stage)')).toEqual(fault);
    expect(broken('README.md', '[a](docs/deploy.md#a-stage)', '```sh\n# A stage\n```\n')).toEqual(fault);
  });

  it('are looked for in what the code says, too', () => {
    expect(broken('scripts/dev.ts', "'see docs/deploy.md#an-account'")).toEqual([]);
    expect(broken('scripts/dev.ts', '// see docs/operations.md')).toEqual([
      'scripts/dev.ts: there is no docs/operations.md',
    ]);
  });

  it('are not made of examples in code, patterns and addresses', () => {
    expect(
      broken(
        'README.md',
        '```\n[a](b.md)\n```\n`[a](b.md)` `services/*/README.md` [c](https://example.com/d.md)',
      ),
    ).toEqual([]);
  });
});

describe('a decision', () => {
  const page =
    '# 1. Keys\n\nAccepted 2026-11-30.\n\n## Context\n\nA.\n\n## Decision\n\nB.\n\n## Consequences\n\nC.\n';
  const faults = (path: string, text: string, index = '\n- [1. Keys](0001-keys.md)\n') =>
    decisionFaults([
      { path: `docs/decisions/${path}`, text },
      { path: 'docs/decisions/README.md', text: index },
    ]);

  it('has a number, a date, three sections and a line in the index', () => {
    expect(faults('0001-keys.md', page)).toEqual([]);
  });

  it('has the next number, in its name and title', () => {
    expect(faults('0002-keys.md', page, '\n- [1. Keys](0002-keys.md)\n')).toEqual([
      'docs/decisions/0002-keys.md: the next number is 1',
    ]);
    expect(faults('0001-keys.md', page.replace('1. ', '2. '), '\n- [2. Keys](0001-keys.md)\n')).toEqual([
      'docs/decisions/0001-keys.md: the title begins with "# 1. "',
    ]);
  });

  it.each([
    ['its date', 'Accepted 2026-11-30.', 'Accepted.'],
    ['a section', '## Context\n', ''],
  ])('is refused without %s', (_, present, absent) => {
    expect(faults('0001-keys.md', page.replace(present, absent))).toHaveLength(1);
  });

  it('is refused when the index lacks it or has it twice', () => {
    expect(faults('0001-keys.md', page, '')).toHaveLength(1);
    expect(
      faults('0001-keys.md', page, '\n- [1. Keys](0001-keys.md)\n\n- [1. Keys](0001-keys.md)\n'),
    ).toHaveLength(1);
  });
});

it('a page that is read from top to bottom is not too long: the README 200 lines, one of the tutorial 80', () => {
  const faults = (path: string, lines: number) => lengthFaults([{ path, text: 'A line.\n'.repeat(lines) }]);
  expect(faults('README.md', 200)).toEqual([]);
  expect(faults('README.md', 201)).toEqual(['README.md: has 201 lines, and 200 at most']);
  expect(faults('docs/tutorial/01-event.md', 80)).toEqual([]);
  expect(faults('docs/tutorial/01-event.md', 81)).toHaveLength(1);
  expect(faults('docs/operations.md', 900)).toEqual([]);
});

describe('YAML', () => {
  const faults = (text: string) => yamlFaults([{ path: 'services/billing/serverless.yml', text }]);
  const template = 'Resources:\n  Table: !Ref Table\n  Name: !Sub "x"\n  Arn: !GetAtt [Table, Arn]\n';

  it('with functions of CloudFormation can be read', () => {
    expect(faults(template)).toEqual([]);
  });

  it.each([
    ['a colon in a text', 'description: Takes them: all\n', /^services\/billing\/serverless\.yml: .*1:24/],
    ['a name twice', `${template}Resources:\n`, /duplicated mapping key/],
    ['a bracket less', 'plugins: [a\n', /./],
  ])('is refused with %s', (_, text, complaint) => {
    expect(faults(text)).toEqual([expect.stringMatching(complaint)]);
  });
});

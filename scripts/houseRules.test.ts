import { expect, it } from 'vitest';
import { breachesOf } from './houseRules.ts';

const breaches = (path: string, text: string) => breachesOf([{ path, text }]).length;

it.each([
  ['services/billing/src/a.ts', "import { load } from '@fanfold/payments/store';"],
  ['services/billing/src/a.ts', "import { load } from '../../../payments/src/store.ts';"],
  ['packages/contracts/src/a.ts', "import { logger } from '@fanfold/runtime/logger';"],
  ['packages/runtime/src/a.ts', "import { provision } from '@fanfold/local-cloud/provision';"],
  ['packages/invoicing/src/a.ts', "import { readFileSync } from 'node:fs';"],
  ['packages/invoicing/src/a.ts', "import { logger } from '@fanfold/runtime/logger';"],
  ['packages/invoicing/src/pdf/a.ts', "import { a } from '../../../contracts/src/a.ts';"],
  ['packages/tlog/src/a.ts', "import { readFileSync } from 'node:fs';"],
  ['packages/tlog/src/a.ts', "import { logger } from '@fanfold/runtime/logger';"],
  ['services/billing/src/a.ts', "import { leafHash } from '@fanfold/tlog/merkle';"],
  ['packages/verify/src/a.ts', "import { leafHash } from '@fanfold/tlog/merkle';"],
  ['packages/verify/src/a.ts', "import { leafHash } from '../../../packages/tlog/src/merkle.ts';"],
  ['packages/verify/src/a.ts', "import { rootOf } from '@fanfold/tlog/merkle';"],
  ['packages/verify/src/a.ts', "import { rootOf } from '../../tlog/src/merkle.ts';"],
  ['scripts/fanfold/commands/findings.ts', 'console.log(finding);'],
  ['scripts/fanfold/operations/findings.ts', "import { print } from '../terminal.ts';"],
  ['scripts/fanfold/operations/deadLetters/a.ts', "import { upTo } from '../../commands/arguments.ts';"],
  ['scripts/fanfold/aws/cloud.ts', "import { startProgress } from '../../progress.ts';"],
  ['scripts/fanfold.ts', 'process.stdout.write(message);'],
  ['services/audit/src/a.ts', "import { provision } from '@fanfold/local-cloud/provision';"],
  ['services/audit/src/a.ts', 'if (process.env.IS_OFFLINE) log();'],
  ['services/audit/src/invoice.ts', "import { PutItemCommand } from '@aws-sdk/client-dynamodb';"],
  ['services/payments/src/providers/a.ts', "import { PutItemCommand } from '@aws-sdk/client-dynamodb';"],
  ['packages/runtime/src/index.ts', "export * from './http.ts';"],
  ['services/audit/src/a.test.ts', "it.only('works', () => {});"],
  ['services/audit/src/a.test.ts', 'await sleep(100);'],
])('%s may not say %s', (path, text) => {
  expect(breaches(path, text)).toBeGreaterThan(0);
});

it.each([
  ['services/payments/src/store.ts', "import { PutItemCommand } from '@aws-sdk/client-dynamodb';"],
  [
    'services/payments/src/providers/sandbox/provider.ts',
    "import { PutItemCommand } from '@aws-sdk/client-dynamodb';",
  ],
  ['services/billing/src/store/books.ts', "import { PutItemCommand } from '@aws-sdk/client-dynamodb';"],
  ['services/billing/src/functions/a.ts', "import { subscribedTypes } from '../../subscriptions.js';"],
  ['services/billing/src/a.local.test.ts', "import { provision } from '@fanfold/local-cloud/provision';"],
  [
    'packages/invoicing/src/a.ts',
    "import { taxOf } from '@fanfold/contracts/tax';\nimport { x } from 'xastscript';",
  ],
  [
    'packages/invoicing/src/pdf/a.ts',
    "import { a } from '../decimal.ts';\nimport * as fontkit from 'fontkit';",
  ],
  ['packages/invoicing/src/writeDocuments.ts', "import { join } from 'node:path';"],
  ['services/billing/src/a.ts', "import { amountsOf } from '@fanfold/invoicing/amounts';"],
  ['packages/tlog/src/a.ts', "import { hash } from 'node:crypto';\nimport { leafHash } from './merkle.ts';"],
  ['services/audit/src/a.ts', "import { leafHash } from '@fanfold/tlog/merkle';"],
  ['packages/faults/src/a.ts', "import { leafHash } from '@fanfold/tlog/merkle';"],
  ['packages/verify/src/a.test.ts', "import { leafHash } from '@fanfold/tlog/merkle';"],
  ['packages/verify/src/a.ts', "import { hash } from 'node:crypto';"],
  ['scripts/fanfold/commands/a.ts', "import { startProgress } from '../../progress.ts';"],
  ['scripts/fanfold/terminal.ts', 'console.log(safe(text));'],
  ['scripts/dev.ts', 'console.log(url);'],
  ['packages/runtime/src/a.ts', "import { catalog } from '@fanfold/contracts/catalog';"],
])('%s may say %s', (path, text) => {
  expect(breaches(path, text)).toBe(0);
});

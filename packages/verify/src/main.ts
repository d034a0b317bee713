#!/usr/bin/env node
/**
 * The verifier alone, for readers who do not trust the rest of Fanfold either. It can be bundled into one file: see
 * README.md.
 */
import { parseArgs } from 'node:util';
import { verify } from './command.ts';

const usage = `usage: verify <proof file> <keys> [--document <file>] [--json]
       verify --log <url or folder> <keys> [--max-age <seconds>] [--remember <file>] [--json]
with <keys>: --key <vkey> [--witness <vkey>], or --policy <file>`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { type: 'string', multiple: true },
      witness: { type: 'string', multiple: true },
      policy: { type: 'string' },
      log: { type: 'string' },
      document: { type: 'string' },
      remember: { type: 'string' },
      'max-age': { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) console.log(usage);
  else if (positionals.length > 1) throw new Error('Give one proof file at a time.');
  else process.exitCode = await verify(positionals[0], { ...values, maxAge: values['max-age'] });
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exitCode = 2;
}

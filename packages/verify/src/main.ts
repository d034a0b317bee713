#!/usr/bin/env node
/**
 * The verifier alone, for readers who do not trust the rest of Fanfold either. It can be bundled into one file: see
 * README.md.
 */
import { parseArgs } from 'node:util';
import { verify } from './command.ts';
import { monitor } from './monitor.ts';

const usage = `usage: verify <proof file> <keys> [--document <file>] [--json]
       verify --log <url or folder> <keys> [--max-age <seconds>] [--remember <file>] [--json]
       verify monitor <url or folder>… <keys> [--max-age <seconds>] [--state <folder>] [--timeout <seconds>] [--json]
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
      state: { type: 'string' },
      timeout: { type: 'string' },
      'max-age': { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  const [first, ...urls] = positionals;
  const options = { ...values, maxAge: values['max-age'] };
  if (values.help) console.log(usage);
  else if (first === 'monitor') process.exitCode = await monitor(urls, options);
  else if (urls.length > 0) throw new Error('Give one proof file at a time.');
  else process.exitCode = await verify(first, options);
} catch (error) {
  console.error(`${(error as Error).message}\n${usage}`);
  process.exitCode = 2;
}

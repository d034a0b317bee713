/**
 * Holds services/<name>/asyncapi.json against AsyncAPI's own parser. Exits with 1 when it has anything to say.
 *
 * The parser is no dependency of the repository: it brings 130 packages, one of which reports each install to its maker. So it
 * is installed into a folder of its own, without install scripts. A test holds the documents against AsyncAPI's schema, which
 * knows all but the parser's rules of style.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Diagnostic = { code: string; message: string; path: string[] };
type Parser = { validate(document: string): Promise<Diagnostic[]> };

/** It asks for AsyncAPI 3.1. The documents are 3.0, which more tools can read, and have nothing that needs 3.1. */
const ignored = 'asyncapi-latest-version';

const folder = mkdtempSync(join(tmpdir(), 'fanfold-asyncapi-'));
try {
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(
    npm,
    ['install', '--prefix', folder, '--ignore-scripts', '--no-audit', '--no-fund', '@asyncapi/parser@3.6.6'],
    { stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' },
  );
  const { Parser } = createRequire(join(folder, 'package.json'))('@asyncapi/parser');
  const root = join(import.meta.dirname, '..');
  for (const path of globSync('services/*/asyncapi.json', { cwd: root }).sort()) {
    const parser: Parser = new Parser();
    const found = await parser.validate(readFileSync(join(root, path), 'utf8'));
    const diagnostics = found.filter(({ code }) => code !== ignored);
    for (const { code, message, path: place } of diagnostics) {
      console.log(`${path}: /${place.join('/')}: ${code}: ${message}`);
    }
    console.log(`${path}: ${diagnostics.length} diagnostics`);
    if (diagnostics.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}

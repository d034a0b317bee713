import { readFileSync, statSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A position in a bundle of functionBundles.ts, as stack traces have it: a URL or a path, line and column. */
const place = /(?:file:\/\/\/?)?(?:[A-Za-z]:)?[\\/][^\s():]*[\\/]\.fanfold[\\/][^\s():]*\.mjs:\d+:\d+/g;

/**
 * Replaces positions in bundles by those in the sources, relative to the working folder, so that terminals can open
 * them. Unknown positions stay as they are. It is done where a stack trace is shown, so that no function has to read
 * a map.
 */
export const withSources = (text: string): string => text.replace(place, sourceOf);

function sourceOf(bundled: string): string {
  const [, location = '', line, column] = /^(.*):(\d+):(\d+)$/.exec(bundled) ?? [];
  const path = location.startsWith('file:') ? fileURLToPath(location) : location;
  const entry = mapOf(path)?.findEntry(Number(line) - 1, Number(column) - 1);
  if (!entry || !('originalSource' in entry)) return bundled;
  const source = resolve(path, '..', entry.originalSource);
  return `${relative('.', source)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}

const maps = new Map<string, { writtenAt: number; map: SourceMap }>();

function mapOf(bundle: string): SourceMap | undefined {
  const file = `${bundle}.map`;
  try {
    const { mtimeMs } = statSync(file);
    const known = maps.get(file);
    if (known?.writtenAt === mtimeMs) return known.map;
    const map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload);
    maps.set(file, { writtenAt: mtimeMs, map });
    return map;
  } catch {
    // A reload has replaced it, or its stack has ended: the position in the bundle is all that is left.
    return undefined;
  }
}

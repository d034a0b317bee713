import { readFileSync, statSync } from 'node:fs';
import { SourceMap, type SourceMapPayload } from 'node:module';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A place in a bundle that functionBundles.ts wrote, as stack traces name it: a URL or a path, line and column. */
const place = /(?:file:\/\/\/?)?(?:[A-Za-z]:)?[\\/][^\s():]*[\\/]\.fanfold[\\/][^\s():]*\.mjs:\d+:\d+/g;

/**
 * Replaces the places in bundles by those in the sources, from the working folder on: terminals open them. Places of which
 * nothing is known stay as they are. Done where a trace is shown, so that no function has to read a map.
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
    // It was replaced by a reload, or its stack has ended: the place in the bundle is what is left.
    return undefined;
  }
}

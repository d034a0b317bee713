import { posix } from 'node:path';
import GithubSlugger from 'github-slugger';
import {
  CORE_SCHEMA,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  loadAll,
  mapTag,
  seqTag,
  strTag,
} from 'js-yaml';

/** A file by its path from the root of the repository. */
export type Document = { path: string; text: string };

const isPage = (path: string) => path.endsWith('.md');

/** The names of a page's headings in links, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const slugger = new GithubSlugger();
  const headings = [...withoutBlocks(text).matchAll(/^#{1,6} (.+)$/gm)];
  // Code and emphasis leave their text, a link the text that it shows.
  return new Set(
    headings.map(([, heading = '']) => slugger.slug(heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1'))),
  );
}

const withoutBlocks = (text: string) => text.replace(/^ *```[\s\S]*?^ *```$/gm, '');

/** What a page points at: a path from the root, and perhaps an anchor in it. */
type Reference = { written: string; path: string; anchor?: string };

const referenceTo = (written: string, path: string): Reference => {
  const [file = '', anchor] = path.split('#');
  return {
    written,
    path: posix.normalize(file).replace(/\/$/, ''),
    ...(anchor === undefined ? {} : { anchor }),
  };
};

function referencesOf({ path, text }: Document): Reference[] {
  if (!isPage(path)) {
    // A comment or a hint of the tool that sends its reader to a page.
    return [...text.matchAll(/\bdocs\/[\w/-]+\.md(#[\w-]+)?/g)].map(([found]) => referenceTo(found, found));
  }
  const prose = withoutBlocks(text);
  const links = [...prose.replace(/`[^`]*`/g, '').matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].map(([, link = '']) =>
    referenceTo(link, link.startsWith('#') ? path + link : posix.join(posix.dirname(path), link)),
  );
  // A file that is named in code, by its path or its name alone, unless it is a pattern or a place to fill in.
  const named = [
    ...prose.matchAll(
      /`((?:services|packages|scripts|tests|bench|docs|patches|findings)\/[\w./-]+|[\w.-]+\.(?:ts|js|cjs|yml))`/g,
    ),
  ].map(([, name = '']) => referenceTo(name, name));
  return [...links, ...named];
}

/** Of all files: their paths, their folders, and their names alone. */
function placesOf(files: string[]): Set<string> {
  const foldersOf = (path: string): string[] => {
    const folder = posix.dirname(path);
    return folder === '.' ? [] : [folder, ...foldersOf(folder)];
  };
  return new Set(files.flatMap((path) => [path, posix.basename(path), ...foldersOf(path)]));
}

/** Links, anchors and named files that are not among the files of the repository, each as `path: what is wrong`. */
export function brokenReferences(documents: Document[], files: string[]): string[] {
  const places = placesOf(files);
  const anchors = new Map(
    documents.filter(({ path }) => isPage(path)).map(({ path, text }) => [path, anchorsOf(text)]),
  );
  return documents.flatMap((document) =>
    referencesOf(document).flatMap(({ written, path, anchor }) => {
      if (!places.has(path)) return [`${document.path}: there is no ${written}`];
      if (anchor !== undefined && !anchors.get(path)?.has(anchor))
        return [`${document.path}: ${written} names no heading of ${path}`];
      return [];
    }),
  );
}

const decisions = 'docs/decisions/';

/** What is wrong with the pages of decisions: their form, their numbers, and that the index has each of them once. */
export function decisionFaults(documents: Document[]): string[] {
  const pages = documents
    .filter(({ path }) => path.startsWith(decisions) && path !== `${decisions}README.md`)
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  const index = documents.find(({ path }) => path === `${decisions}README.md`)?.text ?? '';
  return pages.flatMap(({ path, text }, position) => {
    const number = position + 1;
    const [title = ''] = text.split('\n', 1);
    const file = path.slice(decisions.length);
    const faults: [boolean, string][] = [
      [file.startsWith(`${String(number).padStart(4, '0')}-`), `the next number is ${number}`],
      [title.startsWith(`# ${number}. `), `the title begins with "# ${number}. "`],
      [
        /^(Accepted|Superseded) \d{4}-\d\d-\d\d\b.*\.$/m.test(text),
        'says "Accepted" or "Superseded" and its date',
      ],
      [
        text.match(/^## .*$/gm)?.join() === '## Context,## Decision,## Consequences',
        'has the sections Context, Decision and Consequences',
      ],
      [
        index.split(`\n- [${title.slice(2)}](${file})\n`).length === 2,
        `the index has the line "- [${title.slice(2)}](${file})" once`,
      ],
    ];
    return faults.filter(([holds]) => !holds).map(([, rule]) => `${path}: ${rule}`);
  });
}

/** How many lines the pages have at most that are read from top to bottom: a tutorial's is two screens. */
const longest = [
  { pages: /^README\.md$/, lines: 200 },
  { pages: /^docs\/tutorial\//, lines: 80 },
];

/** Pages that are too long, each as `path: what is wrong`. */
export const lengthFaults = (documents: Document[]): string[] =>
  documents.flatMap(({ path, text }) => {
    const { lines: most = Number.POSITIVE_INFINITY } = longest.find(({ pages }) => pages.test(path)) ?? {};
    const lines = text.split('\n').length - 1;
    return lines > most ? [`${path}: has ${lines} lines, and ${most} at most`] : [];
  });

/** `!Ref`, `!GetAtt` and the like, which CloudFormation or the framework reads. */
const anyTag = { matchByTagPrefix: true };
const yaml = CORE_SCHEMA.withTags(
  defineScalarTag('!', { ...strTag, ...anyTag }),
  defineSequenceTag('!', { ...seqTag, ...anyTag }),
  defineMappingTag('!', { ...mapTag, ...anyTag }),
);

/** What cannot be read of YAML, each as `path: what is wrong`: a colon in a text without quotes, a key that is there twice. */
export const yamlFaults = (documents: Document[]): string[] =>
  documents
    .filter(({ path }) => /\.ya?ml$/.test(path))
    .flatMap(({ path, text }) => {
      try {
        loadAll(text, { schema: yaml });
        return [];
      } catch (error) {
        return [`${path}: ${(error as Error).message}`];
      }
    });

/** A source file by its path from the root of the repository. */
export type SourceFile = { path: string; text: string };

type Rule = {
  /** What the rule is for, shown when it is broken. */
  because: string;
  applies: (path: string) => boolean;
  breaks: (file: SourceFile) => boolean;
};

const isTest = (path: string) => path.endsWith('.test.ts');
const isServiceSource = (path: string) =>
  /^services\/[^/]+\/src\//.test(path) && !isTest(path) && !path.endsWith('Fixtures.ts');

/** What a file imports, as written. */
const importsOf = ({ text }: SourceFile): string[] =>
  [...text.matchAll(/(?:from|import\()\s*'([^']+)'|^import '([^']+)'/gm)].map(([, a, b]) => a ?? b ?? '');

const imports = (file: SourceFile, pattern: RegExp) => importsOf(file).some((name) => pattern.test(name));

const rules: Rule[] = [
  {
    because: 'services speak through events only: none imports another',
    applies: (path) => path.startsWith('services/'),
    breaks: (file) => imports(file, /@fanfold\/(bus|payments|billing|audit|archive|stream)\b|^(\.\.\/){3,}/),
  },
  {
    because: 'contracts are words: they know no other package and no AWS',
    applies: (path) => path.startsWith('packages/contracts/src/') && !isTest(path),
    breaks: (file) => imports(file, /^@(fanfold|aws-sdk|aws-lambda-powertools|middy)\//),
  },
  {
    because: 'the runtime knows contracts and nothing else of Fanfold',
    applies: (path) => path.startsWith('packages/runtime/src/') && !isTest(path),
    breaks: (file) => imports(file, /^@fanfold\/(?!contracts\/)/),
  },
  {
    because: 'invoicing is pure: it knows contracts, and libraries without input or output',
    applies: (path) =>
      /^packages\/invoicing\/src\/(?!(writeDocuments|writeExamples|judgeDocuments|fontFiles)\.ts|\w+Fixtures\.ts)/.test(
        path,
      ) && !isTest(path),
    breaks: (file) =>
      imports(
        file,
        /^(?!\.\.?\/(?!\.\.)|@fanfold\/contracts\/|stdnum\/|xast|pdfkit|fontkit$|bidi-js$|linebreak$)/,
      ),
  },
  {
    because: 'the transparency log is pure: it knows its own files and node:crypto',
    applies: (path) => path.startsWith('packages/tlog/src/') && !isTest(path),
    breaks: (file) => imports(file, /^(?!\.\/|node:crypto$)/),
  },
  {
    because: 'the transparency log is how audit keeps its log: others know the events only',
    // The witness of the tests belongs to the log, and what a deployment refuses of its witnesses is what audit would.
    applies: (path) =>
      !isTest(path) &&
      !/^((services\/audit|packages\/(tlog|faults|witness-fake|deployment)|tests|bench)\/|scripts\/logPeers\.ts$)/.test(
        path,
      ),
    breaks: (file) => imports(file, /^@fanfold\/tlog\/|(^|\/)packages\/tlog\//),
  },
  {
    because: 'the verifier is trusted instead of us: it knows nothing but Node',
    applies: (path) => /^packages\/verify\/src\/(?!logFixtures\.ts)/.test(path) && !isTest(path),
    breaks: (file) => imports(file, /^(?!node:|\.\/)/),
  },
  {
    because: "the operator's tool prints through terminal.ts, which makes safe what others wrote",
    applies: (path) =>
      /^scripts\/fanfold(\.ts$|\/(?!terminal\.ts|commandFixtures\.ts))/.test(path) && !isTest(path),
    breaks: ({ text }) => /\bconsole\.(?!ts\b)|\bprocess\.std(out|err)\b|\bstyleText\b/.test(text),
  },
  {
    because:
      'operators do the same things in a terminal and elsewhere: only commands know how they are shown',
    applies: (path) => /^scripts\/fanfold\/(operations|aws)\//.test(path) && !isTest(path),
    breaks: (file) => imports(file, /^commander$|\/(commands\/|terminal\.ts$|progress\.ts$)/),
  },
  {
    because: 'services run the same everywhere: their code knows no local cloud and no stage',
    applies: isServiceSource,
    breaks: (file) =>
      imports(file, /^@fanfold\/(?!contracts\/|invoicing\/|runtime\/|tlog\/)/) ||
      /\b(IS_OFFLINE|IS_LOCAL|NODE_ENV)\b/.test(file.text),
  },
  {
    because: 'only store.ts, or what is in store/, knows the table (and the sandbox its own)',
    applies: (path) =>
      isServiceSource(path) && !/\/(store\.ts|store\/\w+\.ts|providers\/sandbox\/\w+\.ts)$/.test(path),
    breaks: (file) => imports(file, /^@aws-sdk\//),
  },
  {
    because: 'modules are imported by their own path, not through a barrel',
    applies: (path) => !isTest(path),
    breaks: ({ text }) => /^export \* from/m.test(text),
  },
  {
    because: 'a test that does not run proves nothing',
    applies: isTest,
    breaks: ({ text }) => /\b(it|test|describe)\.(only|skip|todo)\(/.test(text),
  },
  {
    because: 'tests wait for events, never for time',
    applies: isTest,
    breaks: ({ text }) => /\b(sleep|waitForTimeout)\(/.test(text),
  },
];

/** The rules of the house that files break, each as `path: why it matters`. */
export const breachesOf = (files: SourceFile[]): string[] =>
  files.flatMap((file) =>
    rules
      .filter((rule) => rule.applies(file.path) && rule.breaks(file))
      .map(({ because }) => `${file.path}: ${because}`),
  );

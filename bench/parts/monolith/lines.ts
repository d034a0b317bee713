import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const repository = join(import.meta.dirname, '../../..');

export type Lines = {
  /** What both are made of: the domain, what the API takes and shows, HTTP. */
  shared: number;
  /** What only the services are made of, for what the monolith does too: stores, publishers, consumers, clocks, templates. */
  services: number;
  /** What only the monolith is made of, with its tables, and the server that takes its requests. */
  monolith: number;
};

/** The functions of the services whose work the monolith does. */
const functions = {
  payments: [
    ...['createPayment', 'capturePayment', 'cancelPayment', 'refundPayment', 'getPayment', 'listPayments'],
    ...['janitor', 'expiry', 'consumer', 'publisher', 'unknownRoute'],
  ],
  billing: [
    ...[
      'consumer',
      'publisher',
      'getInvoice',
      'listInvoices',
      'getCreditNote',
      'listCreditNotes',
      'unknownRoute',
    ],
  ],
  audit: ['consumer', 'getEvent', 'listEvents', 'unknownRoute'],
};

/** Counts lines that are neither empty nor comment, without tests and without what development needs. */
export async function countLines(): Promise<Lines> {
  const [monolith, services] = await Promise.all([
    inputsOf(['bench/monolith/monolith.ts']),
    inputsOf(
      Object.entries(functions).flatMap(([service, names]) =>
        names.map((name) => `services/${service}/src/functions/${name}.ts`),
      ),
    ),
  ]);
  const shared = services.filter((path) => monolith.includes(path));
  const templates = ['bus', ...Object.keys(functions)].map((service) => `services/${service}/serverless.yml`);
  const ofMonolith = [...monolith.filter((path) => !shared.includes(path)), 'bench/monolith/schema.sql'];
  const sum = async (paths: string[]) =>
    (await Promise.all(paths.map(linesOf))).reduce((all, lines) => all + lines, 0);
  return {
    shared: await sum(shared),
    services: await sum([...services.filter((path) => !shared.includes(path)), ...templates]),
    monolith: await sum(ofMonolith),
  };
}

/** The files of the repository that these are made of. */
async function inputsOf(entryPoints: string[]): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: repository,
    entryPoints,
    bundle: true,
    write: false,
    outdir: 'unwritten',
    platform: 'node',
    format: 'esm',
    metafile: true,
    logLevel: 'silent',
    plugins: [withoutDependencies],
  });
  return Object.keys(metafile.inputs);
}

const withoutDependencies: Plugin = {
  name: 'without dependencies',
  setup({ onResolve }) {
    onResolve({ filter: /^[^./#]/ }, ({ path, kind }) =>
      kind === 'entry-point' || path.startsWith('@fanfold/') ? undefined : { external: true },
    );
  },
};

async function linesOf(path: string): Promise<number> {
  const lines = (await readFile(join(repository, path), 'utf8')).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '' && !/^(\/\/|\/?\*|#|--)/.test(line)).length;
}

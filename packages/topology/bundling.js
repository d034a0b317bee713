// How functions are bundled everywhere: for AWS, for a laptop, for tests and for benchmarks.
import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** ES modules first: a third smaller than what Node would choose. */
export const mainFields = ['module', 'main'];

/** Parts of libraries that are left out. Bundles are a third smaller and start faster. */
export const alias = {
  // Lambda sets credentials as environment variables, and so does the laptop: the SDK need not look elsewhere.
  '@aws-sdk/credential-provider-node': '@fanfold/runtime/aws/environmentCredentials',
  '@aws-sdk/middleware-endpoint-discovery': '@fanfold/runtime/aws/noEndpointDiscovery',
  '@smithy/core/event-streams': '@fanfold/runtime/aws/noEventStreams',
  // fontkit unpacks fonts of the web with it, and has half of its size for a dictionary of such pages.
  'brotli/decompress.js': '@fanfold/invoicing/pdf/noBrotli',
};

// S3 has a schema for each of a hundred operations, and Kinesis for each of forty. They have computed member names, which could have side effects
// for all that esbuild knows, so it keeps them. They have none: without the schemas of unused operations a bundle is
// 56 KB smaller.
const pureSchemas = {
  name: 'pure-schemas',
  /** @param {{ onLoad(options: object, load: (args: { path: string }) => Promise<{ contents: string }>): void }} build */
  setup: ({ onLoad }) =>
    onLoad({ filter: /@aws-sdk\/client-(?:s3|kinesis)\/dist-es\/schemas\/\w+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /^((?:export )?var [\w$]+ = )(\[[^;]*\]);$/gm,
        '$1/* @__PURE__ */ (() => $2)();',
      ),
    })),
};

// When an ES module imports node:http, Node reads all its exports, and one of them loads `fetch` and WebSocket
// (undici). That is an eighth of the load time of the API's functions, or a quarter on a slower machine. Exports of a
// module from getBuiltinModule are not read.
const builtinHttp = {
  name: 'builtin-http',
  /** @param {{ onResolve(options: object, resolve: (args: { path: string }) => object): void, onLoad(options: object, load: (args: { path: string }) => object): void }} build */
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?https?$/ }, ({ path }) => ({ path, namespace: 'builtin-http' }));
    onLoad({ filter: /./, namespace: 'builtin-http' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
    }));
  },
};

// Each schema of zod can write itself as JSON Schema. Functions never ask one to: that is done when the APIs are described.
const noJsonSchemas = {
  name: 'no-json-schemas',
  /** @param {{ onLoad(options: object, load: (args: { path: string }) => Promise<{ contents: string }>): void }} build */
  setup: ({ onLoad }) =>
    onLoad(
      { filter: /[\\/]zod[\\/]v4[\\/]core[\\/](to-json-schema|json-schema-processors)\.js$/ },
      async ({ path }) => {
        const names = (await readFile(path, 'utf8')).matchAll(/^export (?:const|function) (\w+)/gm);
        const stubs = Array.from(names, ([, name]) => `export const ${name} = () => refuse;`);
        const refuse = "const refuse = () => { throw new Error('Bundles write no JSON Schema'); };";
        return { contents: [refuse, ...stubs].join('\n') };
      },
    ),
};

// stdnum has ES modules beside those that Node can load. Each of the others has a kilobyte of helpers.
const modulesOfStdnum = {
  name: 'modules-of-stdnum',
  /** @param {{ onResolve(options: object, resolve: (args: { path: string, resolveDir: string }) => unknown): void, resolve(path: string, options: object): unknown }} build */
  setup: ({ onResolve, resolve }) =>
    onResolve({ filter: /^stdnum\/lib\/cjs\// }, ({ path, resolveDir }) =>
      resolve(path.replace('/cjs/', '/esm/'), { resolveDir, kind: 'import-statement' }),
    ),
};

/** On disk the services are looked for, each time. A bundle has the events that they declare when it is made. */
export const declaredEvents = {
  name: 'declared-events',
  /** @param {{ onLoad(options: object, load: (args: { path: string }) => Promise<{ contents: string, resolveDir: string }>): void }} build */
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]contracts[\\/]src[\\/]declaredEvents\.js$/ }, async ({ path }) => {
      const services = join(dirname(path), '../../../services');
      const files = globSync('*/events/*.ts', { cwd: services }).sort();
      return {
        resolveDir: services,
        contents: [
          ...files.map(
            (file, i) => `import { event as event${i} } from ${JSON.stringify(join(services, file))};`,
          ),
          `export const declaredEvents = [${files.map((_, i) => `event${i}`)}];`,
        ].join('\n'),
      };
    }),
};

const plugins = [pureSchemas, builtinHttp, noJsonSchemas, modulesOfStdnum, declaredEvents];

/** The options of esbuild for deployed functions, wherever serverless-esbuild does not set them. */
export const functionOptions = {
  // The folder in which aliases are resolved.
  absWorkingDir: join(import.meta.dirname, '../..'),
  bundle: true,
  format: /** @type {const} */ ('esm'),
  platform: /** @type {const} */ ('node'),
  target: 'node24',
  minify: true,
  mainFields,
  alias,
  plugins,
};

// In the form that serverless-esbuild needs.
export default plugins;

// How functions are bundled, wherever that is done: for AWS, for a laptop, for tests and for measuring.
import { readFile } from 'node:fs/promises';

/** ES modules first: a third smaller than what Node would pick. */
export const mainFields = ['module', 'main'];

/** What of the SDK is left out. Without it bundles are a third smaller and start faster. */
export const alias = {
  // Lambda gives credentials by environment variables, and so does the laptop: the SDK need not look elsewhere.
  '@aws-sdk/credential-provider-node': '@fanfold/runtime/environmentCredentials',
  '@smithy/core/event-streams': '@fanfold/runtime/noEventStreams',
};

// Of S3 there is a schema for each of a hundred operations. Members' names in them are computed, which might do something for all
// that esbuild knows, so it keeps them. They do nothing: those of operations that are not called go, 56 KB.
const pureSchemas = {
  name: 'pure-schemas',
  /** @param {{ onLoad(options: object, load: (args: { path: string }) => Promise<{ contents: string }>): void }} build */
  setup: ({ onLoad }) =>
    onLoad({ filter: /@aws-sdk\/client-s3\/dist-es\/schemas\/\w+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, 'utf8')).replace(
        /^((?:export )?var [\w$]+ = )(\[[^;]*\]);$/gm,
        '$1/* @__PURE__ */ (() => $2)();',
      ),
    })),
};

// An ES module that imports node:http makes Node read all its exports, and by one of them load its `fetch` and WebSocket (undici): an
// eighth of the time that the API's functions take to load, or a quarter on a slower machine. What is got as a built-in module is not read.
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

const plugins = [pureSchemas, builtinHttp];

/** What esbuild is told about functions as they are deployed, where serverless-esbuild is not the one who tells it. */
export const functionOptions = {
  bundle: true,
  format: /** @type {const} */ ('esm'),
  platform: /** @type {const} */ ('node'),
  target: 'node24',
  minify: true,
  mainFields,
  alias,
  plugins,
};

// As serverless-esbuild wants them.
export default plugins;

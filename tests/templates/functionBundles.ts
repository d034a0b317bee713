import { createRequire } from 'node:module';
import { join } from 'node:path';
import { functionOptions } from '../../packages/topology/bundling.js';
import { allOf, servicesWithFunctions } from './stacks.ts';

/** A function's code as it is deployed, and the files of which something is in it. */
export type FunctionBundle = { bytes: number; paths: string[]; text: string };

/** Every function of every service. */
export const functions: { service: string; functionKey: string }[] = servicesWithFunctions.flatMap(
  (service) =>
    allOf('AWS::Lambda::Function')
      .filter((resource) => resource.service === service)
      .map(({ Properties }) => ({ service, functionKey: Properties.FunctionName.split('-').at(-1) })),
);

/** The bundles of all functions, by `<service> <functionKey>`. */
export async function bundleFunctions(minify: boolean): Promise<Map<string, FunctionBundle>> {
  const bundles = await Promise.all(servicesWithFunctions.map((service) => bundleService(service, minify)));
  return new Map(bundles.flat());
}

type Outputs = Record<string, { bytes: number; inputs: Record<string, { bytesInOutput: number }> }>;

/**
 * The bundles of a service's functions, which are made by one call, which reads each file once; none shares code with another.
 *
 * @param minify false when names are looked for in the text
 */
export const bundleService = (service: string, minify: boolean): Promise<[string, FunctionBundle][]> =>
  bundleFunctionsOf(
    service,
    functions.flatMap((each) => (each.service === service ? [each.functionKey] : [])),
    minify,
  );

/** @param conditions by which package.json chooses between modules, such as the name of the payment provider */
export async function bundleFunctionsOf(
  service: string,
  functionKeys: string[],
  minify: boolean,
  conditions: string[] = [],
): Promise<[string, FunctionBundle][]> {
  const folder = join(import.meta.dirname, '../../services', service);
  const { build } = createRequire(join(folder, 'package.json'))('esbuild');
  const { metafile, outputFiles } = await build({
    ...functionOptions,
    minify,
    conditions: [...conditions, 'module'],
    absWorkingDir: folder,
    entryPoints: functionKeys.map((functionKey) => `src/functions/${functionKey}.ts`),
    outdir: 'out',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const texts = new Map<string, string>(
    outputFiles.map(({ path, text }: { path: string; text: string }) => [path, text]),
  );
  return functionKeys.map((functionKey) => {
    const path = join('out', `${functionKey}.js`);
    const output = (metafile.outputs as Outputs)[path.replaceAll('\\', '/')];
    const text = texts.get(join(folder, path));
    if (!output || text === undefined) throw new Error(`esbuild made no ${path} of ${service}`);
    const paths = Object.entries(output.inputs).flatMap(([input, { bytesInOutput }]) =>
      bytesInOutput > 0 ? [input] : [],
    );
    return [`${service} ${functionKey}`, { bytes: output.bytes, paths, text }];
  });
}

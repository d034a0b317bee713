import { writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The parts of the Serverless Framework that this uses. */
type Serverless = { service: { functions: Record<string, { package?: { artifact: string } }> } };

/**
 * Stands in for serverless-esbuild in a framework whose template is wanted and not its bundles, which take most of the time of
 * packaging: every function gets the same empty one.
 */
export default class EmptyBundles {
  readonly hooks: Record<string, () => void>;

  constructor({ service }: Serverless) {
    this.hooks = {
      'before:package:createDeploymentArtifacts': () => {
        const artifact = join(tmpdir(), 'function.zip');
        writeFileSync(artifact, '');
        for (const definition of Object.values(service.functions)) definition.package = { artifact };
      },
    };
  }
}

/** It is this module that a framework finds, which was started with `node --import` of it. */
registerHooks({
  resolve(specifier, context, nextResolve) {
    const found = nextResolve(specifier, context);
    if (!/\/serverless-esbuild\/dist\/index\.js$/.test(found.url)) return found;
    return { url: import.meta.url, shortCircuit: true };
  },
});

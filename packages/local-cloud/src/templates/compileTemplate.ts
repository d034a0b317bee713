import type { Template } from './template.ts';

type Hook = { pluginName: string; hook: () => unknown };

/** What is used of a running Serverless Framework. */
export type Serverless = {
  pluginManager: {
    hooks: Record<string, Hook[] | undefined>;
    runHooks(name: string, hooks: Hook[]): Promise<void>;
  };
  service: {
    provider: { compiledCloudFormationTemplate: Template & { Outputs: object }; versionFunctions?: boolean };
  };
};

/**
 * The hooks of `serverless package` that put a template together, in its order: all but those that bundle code
 * and write files. https://github.com/oss-serverless/osls/blob/main/lib/plugins/aws/package/index.js
 */
const hookNames = [
  'package:setupProviderConfiguration',
  'before:package:compileFunctions',
  'package:compileFunctions',
  'package:compileEvents',
  'before:package:finalize',
  'aws:package:finalize:mergeCustomProviderResources',
  'aws:package:finalize:stripNullPropsFromTemplateResources',
];

/**
 * Compiles the CloudFormation template of the service that a Serverless Framework is running, in about 10 ms and
 * without bundles or files: what a command like `serverless offline` provisions is what would be deployed.
 */
export async function compileTemplate({ pluginManager, service }: Serverless): Promise<Template> {
  // The framework reads this start of a template from a file, and writes it into the service's folder.
  service.provider.compiledCloudFormationTemplate = {
    Resources: { ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' } },
    Outputs: {},
  };
  // A version is named by the hash of the function's bundle, and there is none.
  service.provider.versionFunctions = false;
  for (const name of hookNames) await pluginManager.runHooks(name, pluginManager.hooks[name] ?? []);
  return service.provider.compiledCloudFormationTemplate;
}

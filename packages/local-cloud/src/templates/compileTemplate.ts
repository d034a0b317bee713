import type { Template } from './template.ts';

type Hook = { pluginName: string; hook: () => unknown };

/** The parts of the Serverless Framework that this uses. */
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
 * The hooks of `serverless package` that make a template, in its order: all except those that bundle code and write
 * files. https://github.com/oss-serverless/osls/blob/main/lib/plugins/aws/package/index.js
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
 * without bundles or files. So commands like `serverless offline` provision what would be deployed.
 */
export async function compileTemplate({ pluginManager, service }: Serverless): Promise<Template> {
  // The framework reads this beginning of a template from a file, and writes that into the service's folder.
  service.provider.compiledCloudFormationTemplate = {
    Resources: { ServerlessDeploymentBucket: { Type: 'AWS::S3::Bucket' } },
    Outputs: {},
  };
  // The name of a version is the hash of the function's bundle, which does not exist here.
  service.provider.versionFunctions = false;
  for (const name of hookNames) await pluginManager.runHooks(name, pluginManager.hooks[name] ?? []);
  return service.provider.compiledCloudFormationTemplate;
}

import { join } from 'node:path';
import { namesOfStack, packageService, serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { resolveTemplate } from '@fanfold/local-cloud/template';

/** A resource as it is deployed, with plain values where its template has `Ref` and `Fn::…`. */
export type Deployed = {
  service: string;
  logicalId: string;
  Type: string;
  DeletionPolicy?: string;
  UpdateReplacePolicy?: string;
  DependsOn?: string | string[];
  // biome-ignore lint/suspicious/noExplicitAny: CloudFormation's properties are as many as AWS has
  Properties: any;
};

const folder = (service: string) => join(import.meta.dirname, '../../services', service);

/** A service's CloudFormation template as `serverless package` writes it. */
export const templateFor = (
  service: string,
  stage: string,
  parameters: Record<string, string> = {},
  region?: string,
) => packageService(folder(service), stage, parameters, region);

export const services = (await serviceNames()).sort();
/** Those that are in a stack. The others are opt-in. */
export const servicesOfStack = (await namesOfStack()).sort();
/** Those with functions: all but the bus. */
export const servicesWithFunctions = services.filter((service) => service !== 'bus');

/** Every resource of every service. What holds for one stage holds for all: they differ only in names. */
export const resources: Deployed[] = [];
for (const service of services) {
  const template = await templateFor(service, 'local');
  for (const [logicalId, resolved] of Object.entries(resolveTemplate(template))) {
    resources.push({ ...template.Resources[logicalId], ...resolved, service, logicalId });
  }
}

/** Those that requests reach. */
export const servicesWithApi = services.filter((service) =>
  resources.some((resource) => resource.service === service && resource.logicalId === 'HttpApi'),
);

/**
 * Of the services whose parts these tests list one by one, and pages count. Another one, such as `fanfold new service` makes, has
 * to keep the rules that all keep, and changes no list.
 */
export const listed = <Owned extends { service: string }>(owned: Owned[]): Owned[] =>
  owned.filter(({ service }) =>
    ['archive', 'audit', 'billing', 'bus', 'payments', 'stream'].includes(service),
  );

/**
 * All resources of a type, such as `AWS::SQS::Queue`.
 *
 * @throws when there is none: nothing could break a rule then
 */
export function allOf(type: string): Deployed[] {
  const found = resources.filter(({ Type }) => Type === type);
  if (found.length === 0) throw new Error(`No service has a resource of type ${type}`);
  return found;
}

/** One resource of a service. */
export function one(service: string, logicalId: string): Deployed {
  const found = resources.find(
    (resource) => resource.service === service && resource.logicalId === logicalId,
  );
  if (!found) throw new Error(`${service} has no resource ${logicalId}`);
  return found;
}

/** Those of some resources that break a rule, by name: what a test expects to be none. */
export const breaking = (deployed: Deployed[], keeps: (resource: Deployed) => boolean): string[] =>
  deployed.filter((resource) => !keeps(resource)).map(({ service, logicalId }) => `${service} ${logicalId}`);

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { CloudFormationClient, GetTemplateCommand } from '@aws-sdk/client-cloudformation';
import { differencesOf } from './compare.ts';
import type { Endpoint } from './endpoint.ts';
import { type Reader, readersOf } from './readers.ts';
import { resolveDeployed, type Template } from './resolve.ts';
import { rootSettings, stackName, stackOf } from './stage.ts';

/** What was found of a service's stack. */
export type ReadBack = {
  /** How many resources of each type are as the template says. */
  counts: Record<string, number>;
  /** What is not, each as a sentence. */
  problems: string[];
  /** Type and property that the endpoint does not keep. */
  notKept: string[];
};

/**
 * What the endpoint does not keep of a resource, by type. It is looked for in the template that was sent instead, which
 * tests/templates holds to what it should be.
 */
const notKept: Record<string, string[]> = {
  'AWS::ApiGatewayV2::Stage': [
    'DefaultRouteSettings.ThrottlingRateLimit',
    'DefaultRouteSettings.ThrottlingBurstLimit',
  ],
  'AWS::DynamoDB::Table': [
    'PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled',
    'PointInTimeRecoverySpecification.RecoveryPeriodInDays',
    'SSESpecification',
  ],
  'AWS::Lambda::EventSourceMapping': ['MetricsConfig'],
  'AWS::S3::Bucket': ['LifecycleConfiguration.Rules', 'ObjectLockConfiguration', 'ObjectLockEnabled'],
  'AWS::SNS::Topic': ['KmsMasterKeyId'],
};

/** Properties that say where to find or how to treat something, and are kept nowhere. */
const instructions: Record<string, string[]> = {
  'AWS::Lambda::Function': ['Code'],
};

/**
 * Reads all resources of a deployed service through the APIs of their own services, and compares them with the template
 * that was packaged.
 *
 * @param folder of the service, where `.serverless` is what was deployed last
 */
export async function readBack(
  endpoint: Endpoint,
  { region, account, service, stage, folder }: Deployed,
): Promise<ReadBack> {
  const settings = rootSettings(endpoint, region);
  const name = stackName(service, stage);
  const stack = await stackOf(endpoint, region, name);
  const packaged = join(folder, '.serverless');
  const template = JSON.parse(
    await readFile(join(packaged, 'cloudformation-template-update-stack.json'), 'utf8'),
  ) as Template;
  const problems: string[] = [];
  const { TemplateBody = '{}' } = await new CloudFormationClient(settings).send(
    new GetTemplateCommand({ StackName: name }),
  );
  if (!isDeepStrictEqual(withoutTime(TemplateBody), withoutTime(JSON.stringify(template)))) {
    problems.push(`${name} has another template than the one that was packaged.`);
  }

  const readers = readersOf(settings);
  const physicalIds = Object.fromEntries(
    Object.entries(stack.resources).map(([logicalId, { PhysicalResourceId = '' }]) => [
      logicalId,
      PhysicalResourceId,
    ]),
  );
  for (const logicalId of Object.keys(physicalIds)) {
    if (!template.Resources[logicalId])
      problems.push(`${name} has ${logicalId}, which its template has not.`);
  }
  const streamArns: Record<string, string> = {};
  const found: Record<string, Record<string, unknown>> = {};
  /** Tables first: the names of their streams are what mappings have. */
  const tables = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table');
  for (const [logicalId] of tables) {
    const table = (await readers['AWS::DynamoDB::Table']?.(physicalIds[logicalId] ?? '', {})) as {
      TableArn: string;
      LatestStreamArn?: string;
    };
    if (table.LatestStreamArn) streamArns[table.TableArn] = table.LatestStreamArn;
  }
  const wanted = resolveDeployed(template, { region, account, stackName: name, physicalIds, streamArns });
  const unkept = new Set<string>();
  const counts: Record<string, number> = {};
  await Promise.all(
    Object.entries(template.Resources).map(async ([logicalId, { Type }]) => {
      const reader: Reader | undefined = readers[Type];
      const expected = wanted[logicalId] ?? {};
      if (!reader) {
        problems.push(
          `${name}: nothing reads ${logicalId}, a ${Type}. Add it to scripts/rehearse/readers.ts.`,
        );
        return;
      }
      const read = await reader(physicalIds[logicalId] ?? '', expected as Record<string, string>).catch(
        (error: Error) => {
          problems.push(`${name}: ${logicalId} (${Type}) cannot be read: ${error.name}: ${error.message}`);
        },
      );
      if (!read) return;
      found[logicalId] = read as Record<string, unknown>;
      const compared = Object.fromEntries(
        Object.entries(expected).filter(([property]) => !instructions[Type]?.includes(property)),
      );
      const differences = differencesOf(compared, read);
      for (const { path, expected: said, actual } of differences) {
        const property = `${Type} ${path}`;
        if (notKept[Type]?.includes(path)) unkept.add(property);
        else {
          problems.push(
            `${name}: ${logicalId} (${property}) should be ${JSON.stringify(said)}, and is ${JSON.stringify(actual)}.`,
          );
        }
      }
      counts[Type] = (counts[Type] ?? 0) + 1;
      if (Type === 'AWS::Lambda::Function') {
        const { CodeSha256 } = read as { CodeSha256?: string };
        const key = /([^/]+\.zip)$/.exec(String((expected.Code as { S3Key?: string })?.S3Key))?.[1] ?? '';
        const bundle = await readFile(join(packaged, key));
        const hash = createHash('sha256').update(bundle).digest('base64');
        if (hash !== CodeSha256) problems.push(`${name}: ${logicalId} has other code than ${key}.`);
      }
    }),
  );
  return { counts, problems, notKept: [...unkept].sort() };
}

/** Bundles lie below the time of their packaging, which is another where nothing had changed and nothing was deployed. */
const withoutTime = (template: string): unknown =>
  JSON.parse(template.replace(/\b\d{13}-\d{4}-\d\d-\d\dT[\d:.]+Z/g, ''));

export type Deployed = { region: string; account: string; service: string; stage: string; folder: string };

import { globSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Resource } from '@fanfold/local-cloud/template';

const services = join(import.meta.dirname, '../../services');

/** What runs on a laptop: each kind of resource in words, and what one is called. */
const kinds: Record<string, [kind: string, nameOf: (properties: Resource['Properties']) => unknown]> = {
  'AWS::DynamoDB::Table': ['table', ({ TableName }) => TableName],
  'AWS::SQS::Queue': ['queue', ({ QueueName }) => QueueName],
  'AWS::S3::Bucket': ['bucket', ({ BucketName }) => BucketName],
  'AWS::SNS::Subscription': [
    'subscription to',
    ({ FilterPolicy }) => listOf(typesOf(FilterPolicy) ?? ['everything']),
  ],
  'AWS::Lambda::Function': ['function', ({ FunctionName }) => String(FunctionName).split('-').at(-1)],
  'AWS::Lambda::EventSourceMapping': [
    'mapping of',
    ({ FunctionName }) => String(FunctionName).split('-').at(-1),
  ],
  'AWS::ApiGatewayV2::Route': ['route', ({ RouteKey }) => RouteKey],
  'AWS::Events::Rule': ['schedule', ({ Name }) => Name],
};

type Resources = Record<string, Resource>;

/** Without where bundles are uploaded to, which is another place each time that a template is packaged. */
export const withoutCode = (resources: Resources): Resources =>
  Object.fromEntries(
    Object.entries(resources).map(
      ([
        id,
        {
          Type,
          Properties: { Code, ...Properties },
        },
      ]) => [id, { Type, Properties }],
    ),
  );

/** What a deployment of a resolved template in the place of another one does, in one line: `new table …; changed function …`. */
export function changesOf(before: Resources, after: Resources): string {
  const ids = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const found: { what: 'new' | 'changed' | 'removed'; kind: string; name: unknown }[] = [];
  for (const id of ids) {
    const [was, is] = [before[id], after[id]];
    const { Type, Properties } = (is ?? was) as Resource;
    const [kind, nameOf] = kinds[Type] ?? [];
    const name = nameOf?.(Properties);
    if (kind === undefined || name === undefined || isDeepStrictEqual(was, is)) continue;
    found.push({ what: was ? (is ? 'changed' : 'removed') : 'new', kind, name });
  }
  return [...Map.groupBy(found, ({ what, kind }) => `${what} ${kind}`)]
    .map(([what, each]) => `${what} ${each.map(({ name }) => name).join(', ')}`)
    .join('; ');
}

/** The types in the filter of a template's subscription that nobody declares. Those of services are looked for anew each time. */
export function unknownTypes(resources: Resources, known: readonly string[]): string[] {
  const declared = globSync('*/events/*.ts', { cwd: services }).map((file) => basename(file, '.ts'));
  return Object.values(resources)
    .filter(({ Type }) => Type === 'AWS::SNS::Subscription')
    .flatMap(({ Properties }) => typesOf(Properties.FilterPolicy) ?? [])
    .filter((type) => !known.includes(type) && !declared.includes(type));
}

const typesOf = (filterPolicy: unknown): string[] | undefined =>
  (filterPolicy as { type?: string[] } | undefined)?.type;

export const listOf = (names: readonly string[]): string => names.join(', ');

import { join } from 'node:path';
import { keepablesOf } from '@fanfold/deployment/kept';
import { accountId } from '@fanfold/local-cloud/account';
import { packageService, serviceNames } from '@fanfold/local-cloud/packagedTemplates';
import { type TableShape, tableChanges, tableShape } from '@fanfold/local-cloud/tableShape';
import { resolveTemplate, type Template } from '@fanfold/local-cloud/template';

/** What of a service is still there after its stack: by logical id. */
export type ServiceShape = {
  /** `AWS::S3::Bucket fanfold-local-audit-log-000000000000`: type and name. */
  retained: Record<string, string>;
  tables: Record<string, TableShape>;
};

/** What an update has to leave as it is, or change in steps. Names are those of the stage local. */
export type ReleaseShape = { version: string; services: Record<string, ServiceShape> };

/** @param template as it is packaged */
export function serviceShape(template: Template): ServiceShape {
  const tables = Object.entries(resolveTemplate(template)).filter(
    ([, { Type }]) => Type === 'AWS::DynamoDB::Table',
  );
  return {
    retained: Object.fromEntries(
      keepablesOf(template, accountId).map(({ logicalId, type, name }) => [logicalId, `${type} ${name}`]),
    ),
    tables: Object.fromEntries(
      tables.map(([logicalId, { Properties }]) => [logicalId, tableShape(Properties)]),
    ),
  };
}

/** The shape of what is checked out. */
export async function currentShapes(): Promise<ReleaseShape['services']> {
  const folder = join(import.meta.dirname, '../../services');
  const names = (await serviceNames()).sort();
  const templates = await Promise.all(names.map((name) => packageService(join(folder, name))));
  return Object.fromEntries(names.map((name, i) => [name, serviceShape(templates[i] as Template)]));
}

/**
 * Why CloudFormation could not update a stage of the last release in place, or would leave its data behind; with the way
 * that there is.
 */
export function upgradeFaults(before: ReleaseShape['services'], after: ReleaseShape['services']): string[] {
  return Object.entries(before).flatMap(([service, was]) => {
    const now = after[service] ?? { retained: {}, tables: {} };
    return [...retainedFaults(was, now), ...tableFaults(was, now)].map((fault) => `${service}: ${fault}`);
  });
}

/** Their names are fixed: what is created anew finds its name taken, and what gets another name is empty. */
function* retainedFaults(was: ServiceShape, now: ServiceShape): Generator<string> {
  for (const [logicalId, resource] of Object.entries(was.retained)) {
    if (now.retained[logicalId] === resource) continue;
    yield `${logicalId}, the retained ${resource}, ${
      now.retained[logicalId] ? `is now ${now.retained[logicalId]}` : 'is no longer there'
    }. Its data would be left behind: keep its logical id and name, and add what is new beside it.`;
  }
}

const indexSteps =
  'Release an index of a new name beside it, and take the old one away in a later release, when nothing reads from it.';

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html */
function* tableFaults(was: ServiceShape, now: ServiceShape): Generator<string> {
  for (const [logicalId, before] of Object.entries(was.tables)) {
    const after = now.tables[logicalId];
    // Then it is a retained resource that is missing.
    if (!after) continue;
    const changes = tableChanges(before, after);
    for (const { kind, text } of changes) {
      if (kind === 'keys')
        yield `${logicalId}${text}. That needs another table, whose name is taken: add one beside it, and copy the items.`;
      if (kind === 'stream' && before.stream)
        yield `${logicalId}${text}. The stream would begin anew, without the records that were not read: add a table beside it.`;
      if (kind === 'index') yield `${logicalId}${text}. CloudFormation refuses that. ${indexSteps}`;
    }
    const steps = changes.filter(({ kind }) => kind === 'new index' || kind === 'index gone');
    if (steps.length > 1) {
      const names = steps.map(({ kind, index }) => `${index} (${kind === 'new index' ? 'new' : 'gone'})`);
      yield `${logicalId} has ${steps.length} indexes that come or go: ${names.join(', ')}. DynamoDB creates or deletes one ` +
        'per update: release one of them at a time.';
    }
  }
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { catalog } from '@fanfold/contracts/catalog';
import type { EventDefinition } from '@fanfold/contracts/event';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { serviceNames, templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { toText } from '../service.ts';
import { asyncApiOf } from './asyncApi.ts';
import { eventsPage } from './eventsPage.ts';
import { type Messaging, messagingOf } from './messaging.ts';

const repository = join(import.meta.dirname, '../../../..');

/** What is written of the events: the AsyncAPI document of each service, and docs/events.md. By path in the repository. */
export async function describeEvents(): Promise<{ path: string; text: string }[]> {
  const definitions = Object.values(catalog) as EventDefinition[];
  const services = await messagingOfServices();
  const examples = Object.fromEntries(
    await Promise.all(
      definitions.map(async (definition) => [definition.type, await readJson(exampleFile(definition))]),
    ),
  );
  const documents = services.map(async (messaging) => {
    const { version } = await readJson(join(repository, 'services', messaging.service, 'package.json'));
    return {
      path: `services/${messaging.service}/asyncapi.json`,
      text: toText(asyncApiOf({ version, messaging, definitions, examples })),
    };
  });
  return [
    ...(await Promise.all(documents)),
    { path: 'docs/events.md', text: eventsPage(definitions, services) },
  ];
}

async function messagingOfServices(): Promise<Messaging[]> {
  const names = (await serviceNames()).sort();
  const found = await Promise.all(names.map(async (name) => messagingOf(name, await templateOf(name))));
  return found.filter((messaging) => messaging !== undefined);
}

const readJson = async (file: string | URL) => JSON.parse(await readFile(file, 'utf8'));

import { readFileSync } from 'node:fs';
import { catalog } from '@fanfold/contracts/catalog';
import type { EventDefinition } from '@fanfold/contracts/event';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { asyncApiOf } from './asyncApi.ts';
import type { Messaging } from './messaging.ts';

/** A service that publishes, and subscribes to these types, or to all. */
export const messagingFor = (service: string, types?: string[]): Messaging => ({
  service,
  topic: 'fanfold-{stage}-events',
  publisher: functionFor(service, 'publisher'),
  subscription: {
    consumer: functionFor(service, 'consumer'),
    ...(types && { types }),
    queue: queueNamed(`fanfold-{stage}-${service}-events`),
    deadLetters: queueNamed(`fanfold-{stage}-${service}-events-dead-letters`),
    undelivered: `fanfold-{stage}-${service}-subscription-dead-letters`,
    maxReceiveCount: 20,
  },
});

const functionFor = (service: string, name: string) => ({
  name,
  description: `The ${name} of ${service}`,
  handler: `services/${service}/src/functions/${name}.handler`,
});

const queueNamed = (name: string) => ({ name, retentionSeconds: 345_600, visibilityTimeoutSeconds: 190 });

export const definitions = Object.values(catalog) as EventDefinition[];

/** The examples of the catalog, by type. */
export const examples: Record<string, unknown> = Object.fromEntries(
  definitions.map((definition) => [
    definition.type,
    JSON.parse(readFileSync(exampleFile(definition), 'utf8')),
  ]),
);

/** The document of a service. */
export const documentOf = (messaging: Messaging, defined = definitions) =>
  // biome-ignore lint/suspicious/noExplicitAny: tests look into the document
  asyncApiOf({ version: '1.0.0', messaging, definitions: defined, examples }) as any;

import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EventDefinition } from '@fanfold/contracts/event';
import { exampleFile } from '@fanfold/contracts/exampleFile';
import { receives } from './asyncApi.ts';
import type { Messaging } from './messaging.ts';

const docs = join(import.meta.dirname, '../../../../docs');

/** docs/events.md: what events there are, who publishes them, and who subscribes. */
export function eventsPage(definitions: EventDefinition[], services: Messaging[]): string {
  const rows = definitions.map(({ type, source, description }) => {
    const publisher = source.slice(1);
    const subscribers = subscribersOf(type, services);
    const described = [publisher, ...subscribers].find((name) =>
      services.some(({ service }) => service === name),
    );
    return [
      `\`${type}\``,
      publisher,
      subscribers.join(', ') || 'nobody',
      description.replaceAll('|', '\\|'),
      [
        ...(described ? [`[schema](../services/${described}/asyncapi.json)`] : []),
        `[example](${relative(docs, fileURLToPath(exampleFile({ type, source }))).replaceAll('\\', '/')})`,
      ].join(', '),
    ];
  });
  return `# Events

This page is written by \`pnpm fanfold describe\`, from the catalog in \`packages/contracts\`, what services declare themselves in \`events\`, and the templates and
\`subscriptions.js\` of the services. The \`asyncapi.json\` of a service (AsyncAPI 3.0) has the schemas of all events that it
publishes and receives, under \`components\`, \`messages\`, with their topic and its queue.

Every event is a CloudEvent 1.0 in structured JSON. Subscribers ignore fields that they do not know, so a new optional field
is no new version; what else may change, and how to be named when it does, is in
[CONTRIBUTING.md](../CONTRIBUTING.md#recipe-a-change-of-what-others-read).

| Type | Published by | Subscribed by | When | |
|---|---|---|---|---|
${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

\`operator\` is whoever uses \`./fanfold\`: see [operations.md](operations.md).

## Who subscribes to what

\`\`\`mermaid
${flowOf(definitions, services).join('\n')}
\`\`\`
`;
}

const subscribersOf = (type: string, services: Messaging[]): string[] =>
  services
    .filter(({ subscription }) => subscription && receives(subscription, type))
    .map(({ service }) => service);

/** The flow as a Mermaid flowchart: from each publisher to the topic, and from the topic to each subscriber. */
function flowOf(definitions: EventDefinition[], services: Messaging[]): string[] {
  const publishers = [...new Set(definitions.map(({ source }) => source.slice(1)))];
  const published = publishers.map((publisher) => {
    const types = definitions.filter(({ source }) => source === `/${publisher}`);
    return `  ${publisher}[${publisher}] -->|${listed(types.map(({ type }) => type))}| topic`;
  });
  const subscribed = services.flatMap(({ service, subscription }) =>
    subscription
      ? [
          `  topic -->|${subscription.types ? listed(subscription.types) : 'all'}| ${service}-subscribed[${service}]`,
        ]
      : [],
  );
  return ['flowchart LR', '  topic{{SNS topic}}', ...published, ...subscribed];
}

const listed = (types: string[]): string => types.join('<br>');

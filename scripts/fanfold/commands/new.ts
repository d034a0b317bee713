import { newEndpoint } from '../operations/new/newEndpoint.ts';
import { newEvent } from '../operations/new/newEvent.ts';
import { newService } from '../operations/new/newService.ts';
import { print, printJson } from '../terminal.ts';

type ServiceOptions = { subscribesTo: string[]; publishes?: string[]; api?: true; json?: true };

/** `fanfold new service`: makes a service, and says what to do with it. */
export async function service(
  name: string,
  { subscribesTo, publishes = [], api, json }: ServiceOptions,
): Promise<void> {
  const created = await newService({ name, subscribesTo, publishes, api: api ?? false });
  if (json) {
    printJson(created);
    return;
  }
  print(
    ...created.files.map((path) => `written  ${path}`),
    `changed  serverless-compose.yml, pnpm-lock.yaml`,
    '',
    'A running `pnpm dev` says when it has started: it gets what is published from then on.',
    `Test it: pnpm vitest run services/${name}`,
    `Say in ${created.files.find((path) => path.endsWith('/README.md'))} what it is for. What others read of it, before you commit: pnpm fanfold describe`,
  );
}

/** `fanfold new event`: declares an event, and says what to do with it. */
export async function event(type: string, options: { service: string; json?: true }): Promise<void> {
  const files = await newEvent(type, options.service);
  if (options.json) {
    printJson({ files });
    return;
  }
  print(
    ...files.map((path) => `written  ${path}`),
    '',
    'Say what it has and when it is published, and publish it. What others read of it, before you commit: pnpm fanfold describe',
  );
}

type EndpointOptions = { service: string; route: string; scope: string; json?: true };

/** `fanfold new endpoint`: adds an endpoint to an API, and says what to do with it. */
export async function endpoint(operation: string, { json, ...options }: EndpointOptions): Promise<void> {
  const { files, changed } = await newEndpoint({ operation, ...options });
  if (json) {
    printJson({ files, changed });
    return;
  }
  print(
    ...files.map((path) => `written  ${path}`),
    ...changed.map((path) => `changed  ${path}`),
    '',
    `A running \`pnpm dev\` starts it. Test it: pnpm vitest run services/${options.service}/src/functions`,
    `Say what it does, in ${files[0]} and services/${options.service}/description.ts, and what its role may do, in serverless.yml. Then, before you commit: pnpm fanfold describe`,
  );
}

import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { answeredBy, described, describedBy } from '@fanfold/description/answers';
import { exchangesOf, servicesWithApi } from '@fanfold/description/service';
import { apiRequest, contextWith } from '@fanfold/runtime/invocationFixtures';
import { describe, expect, it } from 'vitest';
import { isCurrent, makeDescriptions } from './descriptions.ts';

const root = join(import.meta.dirname, '../../..');
const descriptions = await makeDescriptions();
const services = await servicesWithApi();

const ofWrites = [
  'idempotency_key_missing',
  'idempotency_key_invalid',
  'idempotency_key_reused',
  'request_in_progress',
  'restore_pending',
];

describe('the committed descriptions', () => {
  it.each(descriptions.map(({ path }) => path))('%s is what the code says', async (path) => {
    const description = descriptions.find((each) => each.path === path);
    expect(
      description && (await isCurrent(description)),
      `${path} is not what the code says: run pnpm fanfold describe, and commit what it writes`,
    ).toBe(true);
  });

  it('are the same to the byte each time', async () => {
    expect(await makeDescriptions()).toEqual(descriptions);
  });

  it.each(descriptions.filter(({ path }) => path.endsWith('.json')).map(({ path }) => path))(
    '%s says of each member what it is',
    (path) => {
      const document = JSON.parse(descriptions.find((each) => each.path === path)?.text ?? '');
      expect(
        [...undescribedIn(document.components, '')],
        'Say in packages/description/src/fields.ts what these are',
      ).toEqual([]);
    },
  );

  it.each(services)(
    'of %s have examples that were recorded, for each operation, and that are as they say',
    async (service) => {
      const described = describedBy(service);
      expect(described.exampleFaults()).toEqual([]);
      const succeeded = new Set(
        (await exchangesOf(service)).filter(({ status }) => status < 300).map(({ operation }) => operation),
      );
      // Their answers are no text, or the document itself.
      const withoutExample = ['getTile', 'getOpenApi'];
      expect(
        described.operationIds.filter((id) => !succeeded.has(id) && !withoutExample.includes(id)),
      ).toEqual([]);
    },
  );

  it.each(services)('of %s are what the service shows to anybody', async (service) => {
    const { handler } = await import(join(root, 'services', service, 'src/functions/getOpenApi.ts'));
    const { getOpenApi } = described(service, { getOpenApi: handler });
    const shown = answeredBy(await getOpenApi(apiRequest({ route: '/openapi.json' }), contextWith()));
    expect(shown.status).toBe(200);
    expect(JSON.parse(shown.body)).toEqual(
      JSON.parse(descriptions.find(({ path }) => path === `services/${service}/openapi.json`)?.text ?? ''),
    );
  });

  it.each(services)('of %s name every problem that its code can answer with', async (service) => {
    const document = descriptions.find(({ path }) => path === `services/${service}/openapi.json`)?.text ?? '';
    const refused: string[] = [];
    for await (const file of glob([`services/${service}/src/**/*.ts`, 'packages/runtime/src/**/*.ts'], {
      cwd: root,
      exclude: (path) => /(\.test|Fixtures)\.ts$/.test(String(path)),
    })) {
      const text = await readFile(join(root, file), 'utf8');
      // What has a status and a code: `new Refusal(409, 'payment_busy'`, and what makes it from a code alone.
      const pattern = /\b[45]\d\d,\s*'([a-z_]+)'|\bconflict\('([a-z_]+)'/g;
      refused.push(...[...text.matchAll(pattern)].map(([, code, conflict]) => code ?? conflict ?? ''));
    }
    expect(refused).toContain('unauthenticated');
    const elsewhere = [
      // Of what is no route of the document.
      ...['route_not_found', 'method_not_allowed'],
      // Of writes, which only payments has.
      ...(service === 'payments' ? [] : ofWrites),
    ];
    expect(refused.filter((code) => !document.includes(`"${code}"`) && !elsewhere.includes(code))).toEqual(
      [],
    );
  });
});

/** The members in schemas that have no description, by their place in the document. */
function* undescribedIn(value: unknown, place: string): Generator<string> {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (name === 'examples' || name === 'example') continue;
    if (name === 'properties') {
      for (const [member, schema] of Object.entries(inner)) {
        if ((schema as { description?: string }).description === undefined)
          yield `${place}/${name}/${member}`;
      }
    }
    yield* undescribedIn(inner, `${place}/${name}`);
  }
}

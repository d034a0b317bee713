import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { packageService } from '@fanfold/local-cloud/packagedTemplates';
import { resolveTemplate } from '@fanfold/local-cloud/template';
import { contextWith, queueEvent } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

const logged = captureLog();

/** The files of the recipe for a fourth service, as CONTRIBUTING.md shows them. */
const repository = join(import.meta.dirname, '..');
// As deep as a service is. Always the same one: what is packaged is kept by its name.
const folder = join(repository, '.fanfold/loyalty');
const billing = join(repository, 'services/billing');

beforeAll(async () => {
  const page = await readFile(join(repository, 'CONTRIBUTING.md'), 'utf8');
  const recipe = page.split(/^## /m).find((section) => section.startsWith('Recipe: a fourth service')) ?? '';
  const blocks = [...recipe.matchAll(/^ {3}```\w+\n {3}(?:\/\/|#) (\S+)\n([\s\S]*?)^ {3}```$/gm)];
  expect(blocks.map(([, name]) => name)).toEqual([
    'subscriptions.js',
    'src/functions/consumer.ts',
    'serverless.yml',
  ]);

  await rm(folder, { recursive: true, force: true });
  for (const [, name = '', text = ''] of blocks) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text.replace(/^ {3}/gm, ''));
  }
  const packageJson = JSON.parse(await readFile(join(billing, 'package.json'), 'utf8'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ ...packageJson, name: '@fanfold/loyalty' }));
  // What pnpm would link there.
  await symlink(join(billing, 'node_modules'), join(folder, 'node_modules'), 'dir');
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('the recipe for a fourth service is packaged, subscribed to what it lists, and runs its consumer', async () => {
  const resources = Object.values(resolveTemplate(await packageService(folder)));
  const ofType = (type: string) => resources.filter(({ Type }) => Type === type);
  const [subscription] = ofType('AWS::SNS::Subscription');
  expect(subscription?.Properties.FilterPolicy).toEqual({ type: ['payment.captured.v1'] });
  expect(ofType('AWS::Lambda::EventSourceMapping')).toHaveLength(1);
  expect(ofType('AWS::Lambda::Function').map(({ Properties }) => Properties.FunctionName)).toEqual([
    'fanfold-loyalty-local-consumer',
  ]);
});

test('the consumer of the recipe takes a captured payment', async () => {
  vi.stubEnv('EVENTS_QUEUE_URL', 'https://sqs.example/events');
  vi.stubEnv('EVENTS_DEAD_LETTER_QUEUE_URL', 'https://sqs.example/events-dead-letters');
  const { handler } = await import(join(folder, 'src/functions/consumer.ts'));
  const captured = await readFile(
    join(repository, 'packages/contracts/examples/payment.captured.v1.json'),
    'utf8',
  );
  expect(await handler(queueEvent([captured]), contextWith())).toEqual({ batchItemFailures: [] });
  expect(logged()).toMatchObject([{ message: 'points are due' }]);
});

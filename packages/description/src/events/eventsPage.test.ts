import { expect, test } from 'vitest';
import { eventsPage } from './eventsPage.ts';
import { definitions, messagingFor } from './messagingFixtures.ts';

const services = [
  messagingFor('audit'),
  messagingFor('billing', ['payment.captured.v1']),
  messagingFor('payments', []),
];

test('The page of events says for each type who publishes it, who subscribes, when, and where its schema is', () => {
  const rows = eventsPage(definitions, services)
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows).toHaveLength(definitions.length);
  const [, captured] = rows;
  expect(captured).toBe(
    '| `payment.captured.v1` | payments | audit, billing | Money was taken. Once per payment: capturing less than ' +
      'authorized releases the rest. | [schema](../services/payments/asyncapi.json), ' +
      '[example](../packages/contracts/examples/payment.captured.v1.json) |',
  );
});

test('What only operators publish is described where it is received', () => {
  const row = eventsPage(definitions, services)
    .split('\n')
    .find((line) => line.startsWith('| `operation.ordered.v1`'));
  expect(row).toMatch(/\| operator \| audit \|.*\.\.\/services\/audit\/asyncapi\.json/);
});

test('The picture has what each service publishes and subscribes to', () => {
  const [, picture = ''] = eventsPage(definitions, services).split('```mermaid\n');
  expect(picture).toContain('  topic -->|all| audit-subscribed[audit]\n');
  expect(picture).toContain('  topic -->|payment.captured.v1| billing-subscribed[billing]\n');
  expect(picture).toContain(
    '  operator[operator] -->|operation.ordered.v1<br>dead-letter.edited.v1| topic\n',
  );
});

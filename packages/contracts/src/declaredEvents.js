import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const services = new URL('../../../services/', import.meta.url);

/** @type {import('./event.ts').EventDefinition[]} */
export const declaredEvents = [];

for (const file of globSync('*/events/*.ts', { cwd: fileURLToPath(services) }).sort()) {
  const { event } = await import(new URL(file.replaceAll('\\', '/'), services).href);
  declaredEvents.push(event);
}

import { existsSync, readdirSync } from 'node:fs';

const services = new URL('../../../../services/', import.meta.url);

/** The services whose tables can be brought back, in that order. Here without the code that does it, which loads AWS clients. */
export const restoredServices = ['audit', 'payments', 'billing'] as const;

export type RestoredService = (typeof restoredServices)[number];

/** Those whose tables have marks, by which they notice that one was put back. Audit knows it by its log. */
export const markedServices: string[] = readdirSync(services)
  .filter((service) => existsSync(new URL(`${service}/src/functions/markTable.ts`, services)))
  .sort();

/** Whose table it is, as a sentence says it. */
export const tableOf = (service: string): string => `${service}${service.endsWith('s') ? "'" : "'s"} table`;

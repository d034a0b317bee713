import type { ProviderRecords } from './provider.ts';
import { sandboxRecords } from './sandboxRecords.ts';

/** The records of the provider in use. */
export const records: ProviderRecords = sandboxRecords;

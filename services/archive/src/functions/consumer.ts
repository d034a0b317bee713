import { eventTypes } from '@fanfold/contracts/catalog';
import { consume } from '@fanfold/runtime/consume';
import { archive } from '../archive.ts';

/** Subscribes to all events: writes them into files, without what is personal in them. */
export const handler = consume(eventTypes, archive);

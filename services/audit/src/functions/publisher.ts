import { publishStream } from '@fanfold/runtime/publish';
import { eventsOf } from '../store.ts';

export const handler = publishStream(eventsOf);

import { publishStream } from '@fanfold/runtime/publish';
import { eventsOf } from '../store/items.ts';

export const handler = publishStream(eventsOf);

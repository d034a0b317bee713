import { publishStream } from '@fanfold/runtime/publish';
import { eventsOf } from '../store/streamEvents.ts';

export const handler = publishStream(eventsOf);

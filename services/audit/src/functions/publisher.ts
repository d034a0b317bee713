import { publishStream } from '@fanfold/runtime/publish';
import { eventsOf } from '../store/said.ts';

export const handler = publishStream(eventsOf);

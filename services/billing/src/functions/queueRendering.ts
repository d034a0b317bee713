import { enqueueStream } from '@fanfold/runtime/enqueue';
import { toRender } from '../store/items.ts';

/** Queues each document that was issued, or whose PDF somebody asked for. The stream's filter lets nothing else through. */
export const handler = enqueueStream(toRender);

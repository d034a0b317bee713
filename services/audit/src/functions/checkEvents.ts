import { onSchedule } from '@fanfold/runtime/schedule';
import { checkEvents } from '../compare/checkEvents.ts';

/** Looks for what was changed beside the log before anybody asks for a proof of it. */
export const handler = onSchedule(() => checkEvents());

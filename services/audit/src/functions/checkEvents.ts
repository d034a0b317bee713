import { onSchedule } from '@fanfold/runtime/schedule';
import { checkEvents } from '../compare/checkEvents.ts';
import { reportingMisfits } from '../publish/misfit.ts';

/** Finds events that were changed in the table, before anybody asks for a proof of them. */
export const handler = onSchedule(() => reportingMisfits(() => checkEvents()));

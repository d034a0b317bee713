import { onSchedule } from '@fanfold/runtime/schedule';
import { release } from '../release.ts';
import { tableGuard } from '../store/mark.ts';

/** Runs every minute: a seller may have been put, or have become the default of the stage. */
export const handler = onSchedule(release, tableGuard);

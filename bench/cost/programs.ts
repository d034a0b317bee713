import { eventBridge } from './eventBridge.ts';
import { fanfold } from './fanfold.ts';
import type { Program } from './program.ts';
import { usual } from './usual.ts';

/** The designs that are compared. Fanfold is the first. */
export const programs: Record<string, Program> = { fanfold, usual, eventBridge };

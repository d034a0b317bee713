import { eventBridge } from './eventBridge.ts';
import { fanfold } from './fanfold.ts';
import type { Program } from './program.ts';
import { usual, usualInTens } from './usual.ts';

/** The designs that are compared. Fanfold is the first, and a variant of another the last. */
export const programs: Record<string, Program> = { fanfold, usual, eventBridge, usualInTens };

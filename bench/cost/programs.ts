import { fanfold } from './fanfold.ts';
import type { Program } from './program.ts';

/** The designs that are compared. Fanfold is the first. */
export const programs: Record<string, Program> = { fanfold };

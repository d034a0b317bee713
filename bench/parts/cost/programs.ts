import { eventBridge, eventBridgeNumbered } from '../../peers/eventBridge.ts';
import { usual, usualInTens } from '../../peers/usual.ts';
import { fanfold } from './fanfold.ts';
import type { Program } from './program.ts';

/** The designs that are compared: Fanfold first, and variants of others last. */
export const programs: Record<string, Program> = {
  fanfold,
  usual,
  eventBridge,
  usualInTens,
  eventBridgeNumbered,
};

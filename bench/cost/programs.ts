import { eventBridge, eventBridgeNumbered } from './eventBridge.ts';
import { fanfold } from './fanfold.ts';
import type { Program } from './program.ts';
import { usual, usualInTens } from './usual.ts';

/** The designs that are compared: Fanfold first, and variants of others last. */
export const programs: Record<string, Program> = {
  fanfold,
  usual,
  eventBridge,
  usualInTens,
  eventBridgeNumbered,
};

import { bare, bareWithAttributes } from './bare.ts';
import { fanfold } from './fanfold.ts';
import { toolkitByDefault, toolkitTuned } from './toolkit.ts';

/** The first is what the others are compared with. */
export const ways = { bare, bareWithAttributes, fanfold, toolkitTuned, toolkitByDefault };

export type WayName = keyof typeof ways;

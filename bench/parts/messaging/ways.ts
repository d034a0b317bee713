import { bare, bareWithAttributes } from '../../peers/bareMessaging.ts';
import { toolkitByDefault, toolkitTuned } from '../../peers/messageQueueToolkit.ts';
import { fanfold } from './fanfold.ts';

/** The first is what the others are compared with. */
export const ways = { bare, bareWithAttributes, fanfold, toolkitTuned, toolkitByDefault };

export type WayName = keyof typeof ways;

import { costPart } from './cost/part.ts';
import { flowPart } from './flow/part.ts';
import { logPart } from './logPart.ts';
import { messagingPart } from './messaging/part.ts';
import type { Part } from './part.ts';

/** Everything that `pnpm bench` measures, in this order. */
export const parts: Part[] = [costPart, messagingPart, flowPart, logPart] as Part[];

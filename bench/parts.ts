import { contentionPart } from './contention/part.ts';
import { costPart } from './cost/part.ts';
import { dayPart } from './day/part.ts';
import { logPart } from './logPart.ts';
import type { Part } from './part.ts';

/** Everything that `pnpm bench` measures, in this order. */
export const parts: Part[] = [costPart, logPart, contentionPart, dayPart] as Part[];

import { coldStartPart } from './coldStart/part.ts';
import { consumerPart } from './consumer/part.ts';
import { contentionPart } from './contention/part.ts';
import { costPart } from './cost/part.ts';
import { dayPart } from './day/part.ts';
import { devPart } from './dev/part.ts';
import { flowPart } from './flow/part.ts';
import { logPart } from './logPart.ts';
import { messagingPart } from './messaging/part.ts';
import type { Part } from './part.ts';
import { pipelinePart } from './pipeline/part.ts';

/** Everything that `pnpm bench` measures, in this order. */
export const parts: Part[] = [
  costPart,
  consumerPart,
  pipelinePart,
  coldStartPart,
  messagingPart,
  flowPart,
  devPart,
  contentionPart,
  dayPart,
  logPart,
] as Part[];

import type { Part } from './part.ts';
import { coldStartPart } from './parts/coldStart/part.ts';
import { consumerPart } from './parts/consumer/part.ts';
import { contentionPart } from './parts/contention/part.ts';
import { costPart } from './parts/cost/part.ts';
import { dayPart } from './parts/day/part.ts';
import { devPart } from './parts/dev/part.ts';
import { flowPart } from './parts/flow/part.ts';
import { logPart } from './parts/log/part.ts';
import { messagingPart } from './parts/messaging/part.ts';
import { monolithPart } from './parts/monolith/part.ts';
import { pipelinePart } from './parts/pipeline/part.ts';

/** Everything that `pnpm bench` measures, in this order. */
export const parts: Part[] = [
  costPart,
  consumerPart,
  pipelinePart,
  coldStartPart,
  messagingPart,
  flowPart,
  devPart,
  monolithPart,
  contentionPart,
  dayPart,
  logPart,
] as Part[];

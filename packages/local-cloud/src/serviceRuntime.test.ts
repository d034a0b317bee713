import { expect, test } from 'vitest';
import { runsInBackground } from './serviceRuntime.ts';

const route = { routeKey: 'GET /report', functionName: 'report', timeoutMs: 30_000 };

test.each([
  { name: 'renderer', memoryMb: 1_769, inBackground: true },
  { name: 'consumer', memoryMb: 1_768, inBackground: false },
  { name: 'report', memoryMb: 3_008, inBackground: false },
])('$name with $memoryMb MB gives way to others: $inBackground', ({ inBackground, ...each }) => {
  expect(runsInBackground(each, { routes: [route] })).toBe(inBackground);
});

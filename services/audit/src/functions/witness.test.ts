import { setTimeout as delay } from 'node:timers/promises';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { beforeEach, expect, test, vi } from 'vitest';
import { witness } from '../publish/witness.ts';
import { handler } from './witness.ts';

vi.mock('node:timers/promises');
vi.mock('../publish/witness.ts');
captureLog();
beforeEach(() => void vi.mocked(witness).mockResolvedValue({ size: 1 }));

test('run by its schedule, the witness looks after publishLog, which starts in the same second, has published', async () => {
  const published = Promise.withResolvers<void>();
  vi.mocked(delay).mockReturnValueOnce(published.promise);
  const run = handler({ source: 'aws.events' } as never, contextWith());
  await vi.waitUntil(() => vi.mocked(delay).mock.calls.length > 0, 10_000);
  expect(delay).toHaveBeenCalledWith(5000);
  expect(witness).not.toHaveBeenCalled();
  published.resolve();
  expect(await run).toEqual({ size: 1 });
});

test('invoked by hand, it looks at once', async () => {
  vi.mocked(delay).mockReturnValueOnce(new Promise(() => {}));
  expect(await handler({} as never, contextWith())).toEqual({ size: 1 });
});

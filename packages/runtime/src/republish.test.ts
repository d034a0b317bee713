import { expect, test } from 'vitest';
import { contextWith } from './invocationFixtures.ts';
import { captureLog } from './logFixtures.ts';
import { type RepublishRequest, republish } from './republish.ts';

const logged = captureLog();

async function* items(...ids: string[]) {
  for (const id of ids) yield [{ id }];
}

test('The events of a day are published again, each once', async () => {
  let seen: RepublishRequest | undefined;
  const republished: string[] = [];
  const handler = republish(
    (asked) => {
      seen = asked;
      return items('a', 'b');
    },
    async ({ id }, now) => {
      expect(Date.now() - now.getTime()).toBeLessThan(5000);
      republished.push(id);
    },
  );
  const asked = { date: '2026-11-23', merchantId: 'acme' };
  expect(await handler(asked, contextWith())).toEqual({ republished: 2 });
  expect(seen).toEqual(asked);
  expect(republished).toEqual(['a', 'b']);
  expect(logged()).toMatchObject([{ message: 'republished', date: '2026-11-23', done: 2, failed: 0 }]);
});

test.each([
  undefined,
  {},
  { date: '23 November' },
  { date: '2026-11-23', merchantId: 'a#b' },
  { date: '2026-11-23', subject: 'pay_1' },
])('What is not a day, as %o, is refused with what to ask for', async (asked) => {
  const handler = republish(
    () => items('a'),
    () => Promise.reject(new Error('said')),
  );
  await expect(handler(asked, contextWith())).rejects.toThrow('Ask for a day: {"date":"2026-11-23"}');
});

test('One that fails does not hold up the rest, and is reported at the end', async () => {
  const republished: string[] = [];
  const handler = republish(
    () => items('a', 'b', 'c'),
    async ({ id }) => {
      if (id === 'b') throw new Error('not b');
      republished.push(id);
    },
  );
  await expect(handler({ date: '2026-11-23' }, contextWith())).rejects.toThrow(
    '1 of 3 were not published again',
  );
  expect(republished).toEqual(['a', 'c']);
});

test('What does not fit into the time is told, with how to ask for less', async () => {
  const handler = republish(
    () => items('a', 'b'),
    async () => {},
  );
  await expect(handler({ date: '2026-11-23' }, contextWith(5000))).rejects.toThrow(
    'Time was up after 0; run it for one merchant after another',
  );
  await expect(handler({ date: '2026-11-23', merchantId: 'acme' }, contextWith(5000))).rejects.toThrow(
    'Time was up after 0; give the function more memory',
  );
});

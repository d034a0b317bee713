import { setTimeout as delay } from 'node:timers/promises';
import { contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { signatureTypes } from '@fanfold/tlog/note';
import { keyOf } from '@fanfold/tlog/noteFixtures';
import { beforeEach, expect, test, vi } from 'vitest';
import { askWitnesses } from '../cosign/askWitnesses.ts';
import { handler } from './askWitnesses.ts';

vi.mock('node:timers/promises');
vi.mock('../cosign/askWitnesses.ts');
captureLog();

const done = { asked: 1, cosigned: 1, refused: 0, unavailable: 0 };
const key = keyOf('witness.example', 1, signatureTypes.cosignatureV1).verifierKey;
const scheduled = { source: 'aws.events' } as never;

beforeEach(() => {
  vi.unstubAllEnvs();
  vi.stubEnv('AWS_ENDPOINT_URL', '');
  vi.stubEnv('LOG_WITNESSES', `https://witness.example ${key}`);
  vi.stubEnv('LOG_QUORUM', '1');
  vi.mocked(delay).mockReset().mockResolvedValue(undefined);
  vi.mocked(askWitnesses).mockReset().mockResolvedValue(done);
});

test('run by its schedule, it asks after the log is published and its own witness has signed', async () => {
  expect(await handler(scheduled, contextWith())).toEqual(done);
  expect(delay).toHaveBeenCalledWith(10_000);
  expect(vi.mocked(askWitnesses).mock.calls[0]?.[0]).toMatchObject({
    quorum: 1,
    list: [{ verifierKey: key }],
  });
});

test('invoked by hand, it asks at once', async () => {
  expect(await handler({} as never, contextWith())).toEqual(done);
  expect(delay).not.toHaveBeenCalled();
});

test('without witnesses it waits for nothing and asks nobody', async () => {
  vi.stubEnv('LOG_WITNESSES', '');
  vi.stubEnv('LOG_QUORUM', '');
  expect(await handler(scheduled, contextWith())).toEqual({ asked: 0 });
  expect(delay).not.toHaveBeenCalled();
  expect(askWitnesses).not.toHaveBeenCalled();
});

test('whatever was deployed, it asks nobody without TLS', async () => {
  vi.stubEnv('LOG_WITNESSES', `http://witness.example ${key}`);
  await expect(handler(scheduled, contextWith())).rejects.toThrow('is not an https URL');
  expect(askWitnesses).not.toHaveBeenCalled();
});

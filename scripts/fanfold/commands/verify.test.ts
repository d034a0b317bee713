import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetPublicKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import {
  bodyOf,
  entriesOf,
  eventOf,
  type Files,
  filesOf,
  leaf,
  noteOf,
  origin,
  proofFile,
  Signer,
} from '@fanfold/verify/logFixtures';
import { mockClient } from 'aws-sdk-client-mock';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { UsageError } from '../errors.ts';
import { auditKey } from './auditKey.ts';
import { verify } from './verify.ts';

/** A stage whose log has a name of its own, not one that follows from the stage's. */
const stage = 'production';
const [kms, sns, sts] = [mockClient(KMSClient), mockClient(SNSClient), mockClient(STSClient)];
const lambda = mockClient(LambdaClient);
const signer = new Signer(origin);
const entries = entriesOf(300);
let files: Files;
let folder: string;
const printed = vi.spyOn(console, 'log');
const complained = vi.spyOn(console, 'error');
vi.spyOn(process.stderr, 'write').mockReturnValue(true);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fanfold-verify-'));
});
afterAll(() => rm(folder, { recursive: true }));

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  for (const output of [printed, complained]) output.mockReset().mockReturnValue();
  for (const client of [kms, sns, sts, lambda]) client.reset();
  files = filesOf(entries, signer);
  sts.on(GetCallerIdentityCommand).resolves({ Account: '123456789012', Arn: 'arn:aws:iam::1:user/ada' });
  sns.on(ListTopicsCommand).resolves({
    Topics: [{ TopicArn: `arn:aws:sns:eu-west-1:123456789012:fanfold-${stage}-events` }],
  });
  kms.on(GetPublicKeyCommand).resolves({ PublicKey: signer.spki });
  lambda.on(InvokeCommand).callsFake(({ FunctionName, Payload }) => {
    const { pathParameters } = JSON.parse(Payload);
    const isTile = FunctionName === `fanfold-audit-${stage}-getTile`;
    const file = files.get(isTile ? `tile/${pathParameters.path}` : 'checkpoint');
    const answer = file
      ? { statusCode: 200, body: file.toString('base64'), isBase64Encoded: true }
      : { statusCode: 404, body: '{}' };
    return { Payload: { transformToString: () => JSON.stringify(answer) } };
  });
});

const output = () => printed.mock.calls.flat().join('\n');

it('the whole log of a stage is verified with the key that KMS has, from the stage itself', async () => {
  const remember = join(folder, 'remembered');
  expect(await verify(undefined, { stage, remember }), complained.mock.calls.join()).toBe(0);
  expect(output()).toContain(`verified: all 300 entries of ${origin} are those that were signed`);
  const [tile = ''] = [...files.keys()].filter((path) => path.startsWith('tile/entries/'));
  files.set(
    tile,
    Buffer.from((files.get(tile) as Buffer).toString('latin1').replace('2026', '2027'), 'latin1'),
  );
  expect(await verify(undefined, { stage, remember: join(folder, 'another') })).toBe(1);
});

it('how old the log of a stage is follows from its witness, whose key KMS has too', async () => {
  const witness = new Signer(`${origin}/witness`, true);
  const body = bodyOf(entries.map(leaf));
  kms.on(GetPublicKeyCommand, { KeyId: `alias/fanfold-${stage}-audit-witness` }).resolves({
    PublicKey: witness.spki,
  });
  const signedBefore = (seconds: number) => {
    const cosignature = witness.line(body, Math.floor(Date.now() / 1000) - seconds);
    files.set('checkpoint', Buffer.from(noteOf(body, signer) + cosignature));
    return verify(undefined, { stage, remember: join(folder, 'aged'), maxAge: '300' });
  };
  expect(await signedBefore(0), complained.mock.calls.join()).toBe(0);
  expect(await signedBefore(301)).toBe(1);
});

it('a proof of a stage is verified with the key that KMS has', async () => {
  const { entry, ...opening } = eventOf('pay_a', 1);
  const leaves = entries.with(7, entry).map(leaf);
  const extra = { version: 1, entry: entry.toString(), ...opening };
  const file = join(folder, 'a.tlog-proof');
  await writeFile(file, proofFile(7, leaves, extra, noteOf(bodyOf(leaves), signer)));
  expect(await verify(file, { stage }), complained.mock.calls.join()).toBe(0);
  expect(output()).toContain('verified: this event, to the letter, is entry 7 of the log');
});

it('the key of a stage has the name of its log, which its checkpoint tells', async () => {
  await auditKey({ stage });
  expect(output()).toBe(signer.vkey);
});

it('a log without a checkpoint has no name yet: it has to be given', async () => {
  files.delete('checkpoint');
  await expect(auditKey({ stage })).rejects.toThrow(UsageError);
  await expect(verify(undefined, { stage })).rejects.toThrow('with --origin');
  await auditKey({ stage, origin });
  expect(output()).toBe(signer.vkey);
});

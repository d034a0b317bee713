import { generateKeyPairSync, sign } from 'node:crypto';
import { GetPublicKeyCommand, KMSClient, NotFoundException } from '@aws-sdk/client-kms';
import { ListTopicsCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { parseKey } from '@fanfold/verify/key';
import { openCheckpoint } from '@fanfold/verify/note';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, expect, it, vi } from 'vitest';
import { UsageError } from '../errors.ts';
import { auditKey } from './auditKey.ts';

const [kms, sns, sts] = [mockClient(KMSClient), mockClient(SNSClient), mockClient(STSClient)];
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const stage = 'test';
const origin = 'fanfold.example/test/audit';

beforeEach(() => {
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.spyOn(console, 'log').mockReset().mockReturnValue();
  for (const client of [kms, sns, sts]) client.reset();
  sts
    .on(GetCallerIdentityCommand)
    .resolves({ Account: '123456789012', Arn: 'arn:aws:iam::123456789012:user/ada' });
  sns.on(ListTopicsCommand).resolves({
    Topics: [{ TopicArn: 'arn:aws:sns:eu-west-1:123456789012:fanfold-test-events' }],
  });
  kms.on(GetPublicKeyCommand).resolves({ PublicKey: publicKey.export({ type: 'spki', format: 'der' }) });
});

const printed = () => vi.mocked(console.log).mock.calls.flat().join('\n');

it('prints the key of the log, and nothing else: it verifies what KMS signs', async () => {
  await auditKey({ stage, origin });
  const key = await parseKey(printed());
  expect(key).toMatchObject({ name: 'fanfold.example/test/audit', type: 1 });
  const body = `${key.name}\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n`;
  const signature = Buffer.concat([Buffer.from(key.id, 'hex'), sign(null, Buffer.from(body), privateKey)]);
  const note = `${body}\n— ${key.name} ${signature.toString('base64')}\n`;
  expect((await openCheckpoint(note, { keys: [key] })).size).toBe(0);
  expect(kms.commandCalls(GetPublicKeyCommand)[0]?.args[0].input).toEqual({
    KeyId: 'alias/fanfold-test-audit-log',
  });
});

it("prints the witness's key, under another name of the log, as JSON", async () => {
  await auditKey({ stage, witness: true, origin: 'log.example.com', json: true });
  const { key, ...rest } = JSON.parse(printed());
  expect(rest).toEqual({ stage, alias: 'alias/fanfold-test-audit-witness' });
  expect(await parseKey(key)).toMatchObject({ name: 'log.example.com/witness', type: 4 });
});

it('a stage without the key is refused', async () => {
  kms.on(GetPublicKeyCommand).rejects(new NotFoundException({ message: 'no', $metadata: {} }));
  const refused = auditKey({ stage, origin });
  await expect(refused).rejects.toThrow(UsageError);
  await expect(refused).rejects.toThrow('There is no key alias/fanfold-test-audit-log.');
});

it('a key of another kind is refused, and what KMS says otherwise is said', async () => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  kms.on(GetPublicKeyCommand).resolves({ PublicKey: publicKey.export({ type: 'spki', format: 'der' }) });
  await expect(auditKey({ stage, origin })).rejects.toThrow('is not an Ed25519 key');
  kms.on(GetPublicKeyCommand).rejects(new Error('AccessDenied'));
  await expect(auditKey({ stage, origin })).rejects.toThrow('AccessDenied');
});

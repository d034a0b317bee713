import { createPublicKey, verify } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateAliasCommand,
  CreateKeyCommand,
  type CreateKeyCommandInput,
  DescribeKeyCommand,
  GetPublicKeyCommand,
  KMSClient,
  SignCommand,
  type SignCommandInput,
  UpdateAliasCommand,
} from '@aws-sdk/client-kms';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Kms, keyIdTag, keyKind, secrets, startKms } from './kms.ts';

let kms: Kms;
let client: KMSClient;

beforeAll(async () => {
  kms = await startKms();
  client = clientOf(kms);
  await createKey({ Tags: [{ TagKey: keyIdTag, TagValue: 'known' }] });
  await client.send(new CreateAliasCommand({ AliasName: 'alias/known', TargetKeyId: 'known' }));
});
afterAll(() => kms.stop());

const clientOf = ({ endpoint }: Kms) => new KMSClient({ ...clientConfiguration(endpoint), maxAttempts: 1 });

async function createKey(input: CreateKeyCommandInput = {}): Promise<{ KeyId: string; Arn: string }> {
  const { KeyMetadata } = await client.send(new CreateKeyCommand({ ...keyKind, ...input }));
  return KeyMetadata as { KeyId: string; Arn: string };
}

async function publicKey(KeyId: string, from = client): Promise<Buffer> {
  const { PublicKey } = await from.send(new GetPublicKeyCommand({ KeyId }));
  return Buffer.from(PublicKey as Uint8Array);
}

const message = Buffer.from('fanfold.example/local/audit\n1\n');
const signInput = (KeyId: string): SignCommandInput => ({
  KeyId,
  Message: message,
  MessageType: 'RAW',
  SigningAlgorithm: 'ED25519_SHA_512',
});

async function signature(input: SignCommandInput): Promise<Buffer> {
  const { Signature } = await client.send(new SignCommand(input));
  return Buffer.from(Signature as Uint8Array);
}

test('a key is described as KMS describes it', async () => {
  const { KeyMetadata } = await client.send(
    new CreateKeyCommand({ ...keyKind, Description: 'signs the log' }),
  );
  expect(KeyMetadata).toMatchObject({
    KeyId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    Arn: `arn:aws:kms:eu-west-1:000000000000:key/${KeyMetadata?.KeyId}`,
    Description: 'signs the log',
    Enabled: true,
    KeySpec: 'ECC_NIST_EDWARDS25519',
    KeyUsage: 'SIGN_VERIFY',
    SigningAlgorithms: ['ED25519_SHA_512'],
  });
  expect(KeyMetadata?.CreationDate?.getTime()).toBeGreaterThan(Date.now() - 60_000);
});

test('a signature is pure Ed25519, and the public key that proves it comes as DER', async () => {
  const { KeyId, Arn } = await createKey();
  const answer = await client.send(new GetPublicKeyCommand({ KeyId }));
  expect(answer).toMatchObject({ ...keyKind, KeyId: Arn, SigningAlgorithms: ['ED25519_SHA_512'] });
  const key = createPublicKey({ key: await publicKey(KeyId), format: 'der', type: 'spki' });
  const signed = await client.send(new SignCommand(signInput(KeyId)));
  expect(signed).toMatchObject({ KeyId: Arn, SigningAlgorithm: 'ED25519_SHA_512' });
  expect(signed.Signature).toHaveLength(64);
  expect(verify(null, message, key, signed.Signature as Uint8Array)).toBe(true);
  expect(verify(null, Buffer.from('another'), key, signed.Signature as Uint8Array)).toBe(false);
});

test('a key is found by its id and ARN, and by the name and ARN of its alias', async () => {
  const { KeyId, Arn } = await createKey();
  await client.send(new CreateAliasCommand({ AliasName: 'alias/found/by_name', TargetKeyId: KeyId }));
  const names = [KeyId, Arn, 'alias/found/by_name', 'arn:aws:kms:eu-west-1:000000000000:alias/found/by_name'];
  const signatures = await Promise.all(names.map((name) => signature(signInput(name))));
  const keys = await Promise.all(names.map((name) => publicKey(name)));
  expect(new Set(signatures.map(String)).size).toBe(1);
  expect(new Set(keys.map(String)).size).toBe(1);
});

test('an alias is moved to another key, by its id or ARN', async () => {
  const [first, second] = [await createKey(), await createKey()];
  const AliasName = 'alias/moved';
  await client.send(new CreateAliasCommand({ AliasName, TargetKeyId: first.Arn }));
  await client.send(new UpdateAliasCommand({ AliasName, TargetKeyId: second.KeyId }));
  expect(await publicKey(AliasName)).toEqual(await publicKey(second.KeyId));
  expect(await publicKey(AliasName)).not.toEqual(await publicKey(first.KeyId));
});

test('a message of 4096 bytes is signed, and without a message type it is a raw one', async () => {
  const { KeyId } = await createKey();
  const { MessageType: _raw, ...input } = signInput(KeyId);
  expect(await signature({ ...input, Message: Buffer.alloc(4_096) })).toHaveLength(64);
});

describe('KMS refuses', () => {
  test.each<[string, CreateKeyCommandInput, string]>([
    ['a key without a kind, which would be symmetric', {}, 'UnsupportedOperationException'],
    ['a key of another kind', { ...keyKind, KeySpec: 'RSA_2048' }, 'UnsupportedOperationException'],
    ['a key for another use', { ...keyKind, KeyUsage: 'ENCRYPT_DECRYPT' }, 'ValidationException'],
    ['a key of no use', { KeySpec: keyKind.KeySpec }, 'ValidationException'],
    ['a key in several regions', { ...keyKind, MultiRegion: true }, 'UnsupportedOperationException'],
    ['a key from elsewhere', { ...keyKind, Origin: 'EXTERNAL' }, 'UnsupportedOperationException'],
  ])('%s', async (_what, input, name) => {
    await expect(client.send(new CreateKeyCommand(input))).rejects.toMatchObject({ name });
  });

  test.each<[string, Partial<SignCommandInput>, string]>([
    ['a message above 4096 bytes', { Message: Buffer.alloc(4_097) }, 'ValidationException'],
    ['an empty message', { Message: Buffer.alloc(0) }, 'ValidationException'],
    ['no message', { Message: undefined }, 'ValidationException'],
    ['a digest', { MessageType: 'DIGEST' }, 'ValidationException'],
    ['no algorithm', { SigningAlgorithm: undefined }, 'ValidationException'],
    ['an algorithm of other keys', { SigningAlgorithm: 'ECDSA_SHA_256' }, 'InvalidKeyUsageException'],
    ['no key', { KeyId: undefined }, 'ValidationException'],
  ])('to sign with %s', async (_what, input, name) => {
    const { KeyId } = await createKey();
    const command = new SignCommand({ ...signInput(KeyId), ...input });
    await expect(client.send(command)).rejects.toMatchObject({ name });
  });

  test.each([
    'unknown',
    'alias/unknown',
    'arn:aws:kms:eu-west-1:000000000000:key/unknown',
    'arn:aws:kms:eu-west-1:000000000000:alias/unknown',
    'arn:aws:kms:us-east-1:000000000000:alias/known',
    'arn:aws:kms:eu-west-1:111111111111:key/known',
  ])('to find %s', async (KeyId) => {
    const name = 'NotFoundException';
    await expect(client.send(new SignCommand(signInput(KeyId)))).rejects.toMatchObject({ name });
    await expect(client.send(new GetPublicKeyCommand({ KeyId }))).rejects.toMatchObject({ name });
  });

  test('a second alias of the same name, and changes of one that is not there', async () => {
    const { KeyId: TargetKeyId } = await createKey();
    const alias = { AliasName: 'alias/once', TargetKeyId };
    const updated = client.send(new UpdateAliasCommand(alias));
    await expect(updated).rejects.toMatchObject({ name: 'NotFoundException' });
    await client.send(new CreateAliasCommand(alias));
    const again = client.send(new CreateAliasCommand(alias));
    await expect(again).rejects.toMatchObject({ name: 'AlreadyExistsException' });
  });

  test.each([
    ['that is not one', 'fanfold', 'ValidationException'],
    ['with a colon', 'alias/a:b', 'ValidationException'],
    ['of AWS', 'alias/aws/s3', 'NotAuthorizedException'],
    ['that is too long', `alias/${'a'.repeat(251)}`, 'ValidationException'],
  ])('an alias %s', async (_what, AliasName, name) => {
    const { KeyId: TargetKeyId } = await createKey();
    const created = client.send(new CreateAliasCommand({ AliasName, TargetKeyId }));
    await expect(created).rejects.toMatchObject({ name });
  });

  test.each([
    ['another alias', 'alias/target', 'ValidationException'],
    ['a key that is not there', 'unknown', 'NotFoundException'],
  ])('an alias of %s', async (_what, TargetKeyId, name) => {
    const created = client.send(new CreateAliasCommand({ AliasName: 'alias/lost', TargetKeyId }));
    await expect(created).rejects.toMatchObject({ name });
  });

  test('operations that it does not know, and requests that are not JSON', async () => {
    const described = client.send(new DescribeKeyCommand({ KeyId: 'any' }));
    await expect(described).rejects.toMatchObject({ name: 'UnknownOperationException' });
    const headers = { 'x-amz-target': 'TrentService.Sign' };
    for (const body of ['{', 'null']) {
      const response = await fetch(kms.endpoint, { method: 'POST', headers, body });
      expect([response.status, await response.json()]).toMatchObject([
        400,
        { __type: 'SerializationException' },
      ]);
    }
  });
});

test('a key that is given its id has it, and no other key', async () => {
  const Tags = [{ TagKey: keyIdTag, TagValue: 'chosen' }];
  expect(await createKey({ Tags })).toMatchObject({
    KeyId: 'chosen',
    Arn: 'arn:aws:kms:eu-west-1:000000000000:key/chosen',
  });
  await expect(createKey({ Tags })).rejects.toMatchObject({ name: 'AlreadyExistsException' });
});

describe('keys and aliases', () => {
  const AliasName = 'alias/kept';

  test('are kept in a file that only its owner can read', async () => {
    const folder = await temporaryFolder();
    const first = await startKms(folder);
    const made = await makeKey(first);
    await first.stop();
    expect(await readdir(folder)).toEqual(['kms.json']);
    expect((await stat(join(folder, 'kms.json'))).mode & 0o777).toBe(0o600);
    const second = await started(folder);
    expect(await publicKey(AliasName, clientOf(second))).toEqual(made);
  });

  test('are new in each start without a folder', async () => {
    const first = await makeKey(await started());
    const second = await started();
    await expect(publicKey(AliasName, clientOf(second))).rejects.toMatchObject({ name: 'NotFoundException' });
    expect(await makeKey(second)).not.toEqual(first);
  });

  test.each(['{', '{}', '{"keys":[{"id":"one","createdAt":"2026-11-30","privateKey":"AAAA"}],"aliases":[]}'])(
    'that cannot be read are not replaced: %s',
    async (text) => {
      const folder = await temporaryFolder();
      const file = join(folder, 'kms.json');
      await writeFile(file, text);
      await expect(startKms(folder)).rejects.toThrow(/^\S+kms.json cannot be opened \(.*\): put back a copy/);
      expect(await readFile(file, 'utf8')).toBe(text);
    },
  );

  async function started(folder?: string): Promise<Kms> {
    const emulator = await startKms(folder);
    onTestFinished(() => emulator.stop());
    return emulator;
  }

  async function makeKey(emulator: Kms): Promise<Buffer> {
    const own = clientOf(emulator);
    const { KeyMetadata } = await own.send(new CreateKeyCommand(keyKind));
    await own.send(new CreateAliasCommand({ AliasName, TargetKeyId: KeyMetadata?.KeyId }));
    return publicKey(AliasName, own);
  }

  async function temporaryFolder(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'fanfold-kms-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    return folder;
  }
});

test('the same server has the secrets that were put there, and says which it has not', async () => {
  const secretsManager = new SecretsManagerClient({ ...clientConfiguration(kms.endpoint), maxAttempts: 1 });
  secrets.set('test/known', 'whsec_1');
  onTestFinished(() => void secrets.delete('test/known'));
  const found = await secretsManager.send(new GetSecretValueCommand({ SecretId: 'test/known' }));
  expect(found).toMatchObject({ Name: 'test/known', SecretString: 'whsec_1' });
  await expect(
    secretsManager.send(new GetSecretValueCommand({ SecretId: 'test/other' })),
  ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

import {
  DescribeSecretCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { mockClient } from 'aws-sdk-client-mock';
import { afterEach, expect, test } from 'vitest';
import { secretIsThere } from './kept.ts';

const secretsManager = mockClient(SecretsManagerClient);
afterEach(() => secretsManager.reset());
const isThere = () => secretIsThere('fanfold/test/stripe', new SecretsManagerClient({ region: 'eu-west-1' }));

test('a secret is there as long as nobody has deleted it', async () => {
  secretsManager.on(DescribeSecretCommand).resolves({ Name: 'fanfold/test/stripe' });
  expect(await isThere()).toBe(true);
  secretsManager.on(DescribeSecretCommand).resolves({ DeletedDate: new Date() });
  expect(await isThere()).toBe(false);
  const missing = new ResourceNotFoundException({ $metadata: {}, message: 'no' });
  secretsManager.on(DescribeSecretCommand).rejects(missing);
  expect(await isThere()).toBe(false);
});

test('whether a secret is there is not known when that may not be asked', async () => {
  secretsManager.on(DescribeSecretCommand).rejects(new Error('AccessDenied'));
  await expect(isThere()).rejects.toThrow('AccessDenied');
});

import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from './aws.ts';

const secretsManager = /* @__PURE__ */ new SecretsManagerClient(clientSettings);

/**
 * A secret of AWS Secrets Manager, as text. Keep it for some minutes: each read is a call, and $0.05 are 10,000 of them.
 *
 * @param name the template gives it to the function; the secret itself is in no template
 */
export async function readSecret(name: string): Promise<string> {
  const { SecretString = '' } = await secretsManager.send(new GetSecretValueCommand({ SecretId: name }));
  return SecretString;
}

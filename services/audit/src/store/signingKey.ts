import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { clientSettings } from '@fanfold/runtime/aws';
import { metrics } from '@fanfold/runtime/metrics';

/**
 * Ed25519 keys that never leave KMS: https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
 */
const kms = /* @__PURE__ */ new KMSClient(clientSettings);

/** The 32 bytes of a public key. */
export async function publicKeyOf(keyId: string): Promise<Uint8Array> {
  const { PublicKey } = await counted(kms.send(new GetPublicKeyCommand({ KeyId: keyId })));
  // SubjectPublicKeyInfo of Ed25519 ends with the key: https://www.rfc-editor.org/rfc/rfc8410#section-4
  const publicKey = PublicKey?.slice(-32);
  if (publicKey?.length !== 32) throw new Error(`KMS gave no Ed25519 public key for ${keyId}`);
  return publicKey;
}

/** Signs a message of at most 4,096 bytes. Ed25519 always gives the same signature for the same message. */
export async function sign(keyId: string, message: Uint8Array): Promise<Uint8Array> {
  const { Signature } = await counted(
    kms.send(
      new SignCommand({
        KeyId: keyId,
        Message: message,
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
      }),
    ),
  );
  if (!Signature) throw new Error(`KMS gave no signature of ${keyId}`);
  return Signature;
}

/** KMS has no metric of what it refuses. */
async function counted<Answer>(answer: Promise<Answer>): Promise<Answer> {
  try {
    return await answer;
  } catch (error) {
    metrics.addMetric('SigningFailed', 'Count', 1);
    throw error;
  }
}

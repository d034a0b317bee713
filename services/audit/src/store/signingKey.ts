import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { clientSettings } from '@fanfold/runtime/aws';
import { metrics } from '@fanfold/runtime/metrics';

/**
 * Ed25519 keys that never leave KMS: https://docs.aws.amazon.com/kms/latest/developerguide/symm-asymm-choose-key-spec.html
 */
const kms = /* @__PURE__ */ new KMSClient(clientSettings);

/** By what names them. The public part of a key never changes; an alias may come to name another key. */
const publicKeys = new Map<string, { publicKey: Promise<Uint8Array>; readAt: number }>();

/** For how long an alias is taken to name the same key. A call of KMS each minute would be $0.65 a month. */
const aliasKeptMs = 5 * 60_000;

/** The 32 bytes of a public key. An alias that names another key is noticed within five minutes. */
export function publicKeyOf(keyId: string): Promise<Uint8Array> {
  const known = publicKeys.get(keyId);
  if (known && (isArnOfKey(keyId) || Date.now() - known.readAt < aliasKeptMs)) return known.publicKey;
  const publicKey = readPublicKey(keyId);
  publicKeys.set(keyId, { publicKey, readAt: Date.now() });
  publicKey.catch(() => publicKeys.delete(keyId));
  return publicKey;
}

const isArnOfKey = (keyId: string) => /^arn:[^:]+:kms:[^:]+:\d+:key\//.test(keyId);

async function readPublicKey(keyId: string): Promise<Uint8Array> {
  const { PublicKey } = await counted(kms.send(new GetPublicKeyCommand({ KeyId: keyId })));
  // SubjectPublicKeyInfo of Ed25519 ends with the key: https://www.rfc-editor.org/rfc/rfc8410#section-4
  const publicKey = PublicKey?.slice(-32);
  if (publicKey?.length !== 32) throw new Error(`KMS gave no Ed25519 public key for ${keyId}`);
  return publicKey;
}

/**
 * Signs a message of at most 4,096 bytes. Ed25519 always gives the same signature for the same message.
 *
 * @returns also the public part of the key that signed: an alias may have come to name another one
 */
export async function sign(
  keyId: string,
  message: Uint8Array,
): Promise<{ signature: Uint8Array; publicKey: Uint8Array }> {
  const { Signature: signature, KeyId: signedBy } = await counted(
    kms.send(
      new SignCommand({
        KeyId: keyId,
        Message: message,
        MessageType: 'RAW',
        SigningAlgorithm: 'ED25519_SHA_512',
      }),
    ),
  );
  if (!signature || !signedBy) throw new Error(`KMS gave no signature of ${keyId}`);
  return { signature, publicKey: await publicKeyOf(signedBy) };
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

import { createPrivateKey, sign } from 'node:crypto';
import {
  formatVerifierKey,
  noteSignature,
  rawPublicKey,
  type SignatureType,
  signatureTypes,
} from './note.ts';

/** A key with this name, always the same for the same number, and what a test needs of it. */
export function keyOf(name: string, number: number, type: SignatureType = signatureTypes.ed25519) {
  const seed = Buffer.alloc(32, number);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const publicKey = rawPublicKey(privateKey);
  const verifierKey = formatVerifierKey(name, publicKey, type);
  const keyHash = verifierKey.split('+')[1] as string;
  const base64 = Buffer.concat([Uint8Array.of(type), seed]).toString('base64');
  return {
    name,
    keyHash,
    publicKey,
    verifierKey,
    signerKey: `PRIVATE+KEY+${name}+${keyHash}+${base64}`,
    sign: (message: Uint8Array): Uint8Array => sign(null, message, privateKey),
    line: (text: string): string => noteSignature(name, publicKey, sign(null, Buffer.from(text), privateKey)),
  };
}

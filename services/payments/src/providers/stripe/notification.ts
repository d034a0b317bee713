import { withSecrets } from './secrets.ts';
import { type Notice, noticeOf, signatureFault } from './webhook.ts';

/** Larger ones are Stripe's to explain: its events have some kilobytes. */
const maxBytes = 256 * 1024;

/** The signature is by none of the current secrets, or not of now: its message says which. */
class Unsigned extends Error {
  override name = 'Unsigned';
}

/**
 * What becomes of a notification: `refused`, and why, when it is not Stripe's, not of now or too large; `ignored` when nothing
 * follows from it; otherwise what it says.
 *
 * @param raw as it was sent
 * @throws when the secrets cannot be read: Stripe sends it again, for three days
 */
export async function receive(
  raw: Buffer,
  signature: string,
  now: Date,
): Promise<Notice | { refused: string } | 'ignored'> {
  if (raw.byteLength > maxBytes) return { refused: `it has more than ${maxBytes} bytes` };
  if (signature === '') return { refused: 'it has no header stripe-signature' };
  try {
    return await withSecrets(
      async ({ key, webhookSecrets }) => {
        const fault = signatureFault(raw, signature, webhookSecrets, now);
        if (fault) throw new Unsigned(fault);
        return noticeOf(raw, isLive(key)) ?? 'ignored';
      },
      (error) => error instanceof Unsigned,
    );
  } catch (error) {
    if (error instanceof Unsigned) return { refused: error.message };
    if (error instanceof SyntaxError) return { refused: 'it is no JSON' };
    throw error;
  }
}

const isLive = (key: string): boolean => key.includes('_live_');

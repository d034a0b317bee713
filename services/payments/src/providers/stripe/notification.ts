import { withSecrets } from './secrets.ts';
import { isSigned, type Notice, noticeOf } from './webhook.ts';

/** Larger ones are Stripe's to explain: its events have some kilobytes. */
const maxBytes = 256 * 1024;

/** The signature is by none of the current secrets, or not of now. */
class Unsigned extends Error {
  override name = 'Unsigned';
}

/**
 * What becomes of a notification: `refused` when it is not Stripe's, not of now or too large; `ignored` when nothing follows
 * from it; otherwise what it says.
 *
 * @param raw as it was sent
 * @throws when the secrets cannot be read: Stripe sends it again, for three days
 */
export async function receive(
  raw: Buffer,
  signature: string,
  now: Date,
): Promise<Notice | 'refused' | 'ignored'> {
  if (raw.byteLength > maxBytes || signature === '') return 'refused';
  try {
    return await withSecrets(
      async ({ key, webhookSecrets }) => {
        if (!isSigned(raw, signature, webhookSecrets, now)) throw new Unsigned();
        return noticeOf(raw, isLive(key)) ?? 'ignored';
      },
      (error) => error instanceof Unsigned,
    );
  } catch (error) {
    if (error instanceof Unsigned || error instanceof SyntaxError) return 'refused';
    throw error;
  }
}

const isLive = (key: string): boolean => key.includes('_live_');

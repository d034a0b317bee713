import { environmentVariable } from '@fanfold/runtime/env';
import { readSecret } from '@fanfold/runtime/secret';
import * as z from 'zod';

/** What a stage has of Stripe: a secret or restricted key, and the secrets of its webhook endpoint, the newest first. */
export type Secrets = z.infer<typeof secretsShape>;

// A line break at the end, which a shell or an editor adds, would fail every signature.
const secretsShape = /* @__PURE__ */ z.object({
  key: z
    .string()
    .trim()
    .regex(/^[rs]k_\w+$/),
  webhookSecrets: z.array(z.string().trim().startsWith('whsec_')).min(1),
});

/** For how long they are kept: after that long a new secret is known to every function. */
const keptMs = 5 * 60_000;
/** They are not read more often than that, whoever sends wrong signatures. */
const shortestMs = 10_000;

let kept: { secrets: Promise<Secrets>; readAt: number } | undefined;

/**
 * Uses the secrets of the stage, at most five minutes old, and once more as they are now when these turn out to be outdated.
 *
 * @param isOutdated whether an error shows that; what failed with it has had no effect
 */
export async function withSecrets<Result>(
  use: (secrets: Secrets) => Promise<Result>,
  isOutdated: (error: unknown) => boolean,
): Promise<Result> {
  const used = await secretsNotOlderThan(keptMs);
  try {
    return await use(used);
  } catch (error) {
    if (!isOutdated(error)) throw error;
    const newer = await secretsNotOlderThan(shortestMs);
    if (newer === used) throw error;
    return use(newer);
  }
}

function secretsNotOlderThan(ageMs: number): Promise<Secrets> {
  const now = Date.now();
  if (!kept || now - kept.readAt >= ageMs) {
    const reading = { secrets: read(), readAt: now };
    kept = reading;
    // What could not be read is read again by whoever comes next.
    reading.secrets.catch(() => {
      if (kept === reading) kept = undefined;
    });
  }
  return kept.secrets;
}

async function read(): Promise<Secrets> {
  const name = environmentVariable('STRIPE_SECRET_NAME');
  const parsed = secretsShape.safeParse(jsonOf(await readSecret(name)));
  if (parsed.success) return parsed.data;
  // Without what it is instead: that may be a secret in the wrong place.
  throw new Error(
    `The secret ${name} has to be {"key":"sk_…","webhookSecrets":["whsec_…"]}, and is not: correct it in Secrets Manager`,
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

import { endpoint } from '@fanfold/runtime/http';
import { notFound, Refusal } from '@fanfold/runtime/refusal';
import { proofOf } from '../prove/proof.ts';
import { isMisfit, reportMisfit } from '../publish/misfit.ts';
import { loadOpenable } from '../store/events.ts';

export const handler = endpoint(
  { scope: 'audit:read', operatorScope: 'operations:read' },
  async ({ caller, path }) => {
    const id = path.id ?? '';
    const openable = await loadOpenable(caller.merchantId, id);
    if (!openable) throw notFound('event');
    const proof = await proofOf(openable, new Date()).catch(refuseMisfit);
    if (!proof) throw pending();
    return {
      file: Buffer.from(proof),
      contentType: 'text/plain; charset=utf-8',
      cacheControl: 'no-store',
      fileName: `${id.replaceAll(/[^\w.-]/g, '-')}.tlog-proof`,
    };
  },
);

/** publishLog runs every minute. */
const pending = () =>
  new Refusal(
    409,
    'proof_pending',
    'The event is recorded, and no checkpoint of the log covers it yet. One does within a minute: ask again.',
    { headers: { 'Retry-After': '10' } },
  );

/** Nothing that the caller asked for is wrong, and no repetition helps before an operator has looked. */
function refuseMisfit(error: unknown): never {
  if (!isMisfit(error)) throw error;
  reportMisfit(error);
  throw new Refusal(
    503,
    'proof_unavailable',
    'What is stored of this event does not fit the published log, so nothing can be proven of it now. The operators of the log ' +
      'are alerted, and have to look first: ask again when they have, and name the requestId to them.',
  );
}

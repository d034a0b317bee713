import { endpoint } from '@fanfold/runtime/http';
import { notFound, Refusal } from '@fanfold/runtime/refusal';
import { proofOf } from '../prove/proof.ts';
import { loadOpenable } from '../store/events.ts';

export const handler = endpoint(
  { scope: 'audit:read', operatorScope: 'operations:read' },
  async ({ caller, path }) => {
    const id = path.id ?? '';
    const openable = await loadOpenable(caller.merchantId, id);
    if (!openable) throw notFound('event');
    const proof = await proofOf(openable, new Date());
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

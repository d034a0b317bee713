import { Unprocessable } from '@fanfold/runtime/unprocessable';
import * as z from 'zod';
import type { Notice } from './webhook.ts';

const notice = /* @__PURE__ */ z.object({
  id: z.string(),
  type: z.string(),
  time: z.iso.datetime(),
  reference: z.string().regex(/^pi_\w+$/),
});

/** @throws Unprocessable when the body is none, whoever has sent it */
export function readNotice(body: string): Notice {
  const parsed = notice.safeParse(jsonOf(body));
  if (parsed.success) return parsed.data;
  throw new Unprocessable('no-notice', 'The message is not what the webhook stores of a notification');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

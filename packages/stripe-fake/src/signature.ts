import { createHmac } from 'node:crypto';

/** The header `stripe-signature` of a body that is sent to a webhook endpoint. https://docs.stripe.com/webhooks#verify-manually */
export function signatureHeader(body: string, secret: string, now: Date): string {
  const time = Math.floor(now.getTime() / 1000);
  const v1 = createHmac('sha256', secret).update(`${time}.${body}`).digest('hex');
  return `t=${time},v1=${v1}`;
}

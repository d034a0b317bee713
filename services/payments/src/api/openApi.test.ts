import { apiRequest, contextWith } from '@fanfold/runtime/invocationFixtures';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { expect, test, vi } from 'vitest';
import document from '../../openapi.json' with { type: 'json' };
import { handler } from '../functions/getOpenApi.ts';
import { paymentMethods } from '../providers/stripe/paymentMethods.ts';
import { provider } from '../providers/stripe/provider.ts';

vi.mock('#paymentMethods', () => import('../providers/stripe/paymentMethods.ts'));
captureLog();

const { PaymentRequest } = document.components.schemas;

test('A stage with Stripe describes payment methods of Stripe, and all else as it is', async () => {
  const answer = await handler(apiRequest({ route: '/openapi.json' }), contextWith());
  const { body = '', isBase64Encoded } = Object(answer);
  const served = JSON.parse(Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').toString());
  const shown = served.components.schemas.PaymentRequest.properties.paymentMethod;
  expect(shown).toEqual({ type: 'string', maxLength: 64, ...paymentMethods });
  served.components.schemas.PaymentRequest.properties.paymentMethod = PaymentRequest.properties.paymentMethod;
  expect(served).toEqual(document);
});

test.each(['pm_1MtwBwLkdIwHu7ixaTZ2Pzvq', 'card_1MtwBw', 'src_1', 'pm_', 'visa', '4242424242424242'])(
  'Whether %s is a payment method is described as it is checked',
  (paymentMethod) => {
    expect(new RegExp(paymentMethods.pattern).test(paymentMethod)).toBe(provider.accepts(paymentMethod));
  },
);

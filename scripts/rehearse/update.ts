import type { Checkout } from '../checkout.ts';

/** Follows CONTRIBUTING.md: another type, which billing's consumer takes for one that has nothing to bill; a function; and more memory. */
export async function updateBilling(checkout: Pick<Checkout, 'edit' | 'write'>): Promise<void> {
  await checkout.edit('services/billing/subscriptions.js', [
    "'payment.captured.v1',",
    "'payment.captured.v1',\n  'payment.canceled.v1',",
  ]);
  await checkout.write(
    'services/billing/src/functions/rehearsed.ts',
    "export const handler = async () => 'rehearsed';\n",
  );
  await checkout.edit('services/billing/serverless.yml', [
    '  consumer:\n',
    '  rehearsed: { handler: src/functions/rehearsed.handler, iamRoleStatements: [] }\n  consumer:\n    memorySize: 768\n',
  ]);
}

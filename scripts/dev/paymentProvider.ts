/** What `pnpm dev` runs payments with. */
export type PaymentProvider = {
  name: 'sandbox' | 'stripe';
  /** The values of the template's parameters that differ. */
  parameters: Record<string, string>;
  /** What Secrets Manager has, by name. */
  secrets: Record<string, string>;
};

/** The secret of the webhook when none is set, and the one that `fanfold webhook` signs with then. */
export const localWebhookSecret = 'whsec_local';

/** Where `pnpm stripe-fake` is, if nothing else is said. */
export const localFakeUrl = 'http://127.0.0.1:12111';

/** As packages/topology/parameters.yml names it for the stage `local`. */
export const localSecretName = 'fanfold/local/stripe';

/**
 * The provider that the environment names: the sandbox, or Stripe in test mode, or an endpoint that speaks as Stripe does.
 *
 * @param base the stack's first port, whose page customers come back to
 * @throws when it is none, or Stripe has no key or one for real money
 */
export function paymentProviderOf(
  environment: Record<string, string | undefined>,
  base: number,
): PaymentProvider {
  const { FANFOLD_PAYMENT_PROVIDER: name = 'sandbox' } = environment;
  if (name === 'sandbox') return { name, parameters: {}, secrets: {} };
  if (name !== 'stripe') {
    throw new Error(
      `There is no payment provider "${name}": set FANFOLD_PAYMENT_PROVIDER to sandbox or stripe.`,
    );
  }
  const key = environment.FANFOLD_STRIPE_KEY?.trim();
  if (!key) {
    throw new Error(
      'Stripe has no key: set FANFOLD_STRIPE_KEY to a secret key of its test mode, which begins with sk_test_ or rk_test_.',
    );
  }
  if (!/^[rs]k_test_\w+$/.test(key)) {
    throw new Error(
      'FANFOLD_STRIPE_KEY is not a secret key of test mode, which begins with sk_test_ or rk_test_: a laptop must not move real money.',
    );
  }
  const { FANFOLD_STRIPE_URL: stripeUrl = '' } = environment;
  if (stripeUrl !== '' && !URL.canParse(stripeUrl)) {
    throw new Error(
      `FANFOLD_STRIPE_URL is "${stripeUrl}": set it to a URL such as ${localFakeUrl}, or to nothing.`,
    );
  }
  return {
    name,
    parameters: { paymentProvider: name, stripeUrl, paymentReturnUrl: `http://127.0.0.1:${base}/` },
    secrets: {
      [localSecretName]: JSON.stringify({
        key,
        webhookSecrets: [environment.FANFOLD_STRIPE_WEBHOOK_SECRET?.trim() || localWebhookSecret],
      }),
    },
  };
}

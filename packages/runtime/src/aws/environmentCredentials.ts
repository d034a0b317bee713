/**
 * Replaces the SDK's credential provider chain in bundles (packages/topology/bundling.js): Lambda sets credentials as
 * environment variables.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';

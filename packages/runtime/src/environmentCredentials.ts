/**
 * Takes the place of the SDK's search for credentials in bundles (packages/topology/bundling.js): Lambda gives them by
 * environment variables.
 * https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
 */
export { fromEnv as defaultProvider } from '@aws-sdk/credential-provider-env';

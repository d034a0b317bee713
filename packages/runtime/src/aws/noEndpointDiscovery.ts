/**
 * Replaces the SDK's endpoint discovery in bundles (packages/topology/bundling.js): it finds the hosts of other services of
 * AWS, and has a cache for them. DynamoDB's client has settings for it that no operation reads.
 *
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-endpoint-discovery.html
 */
export const NODE_ENDPOINT_DISCOVERY_CONFIG_OPTIONS = {
  environmentVariableSelector: () => false,
  configFileSelector: () => false,
  default: false,
};

export const resolveEndpointDiscoveryConfig = <Config>(config: Config): Config => config;

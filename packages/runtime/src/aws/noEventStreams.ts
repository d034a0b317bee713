/**
 * Replaces the SDK's event streams in bundles (packages/topology/bundling.js). No operation that is used has one, and
 * the SDK imports them only when one has. But a bundle in one file would contain them, and because of that import
 * esbuild would initialise the modules that they share with every call one by one.
 *
 * https://smithy.io/2.0/spec/streaming.html#event-streams
 */
const refuse = (): never => {
  throw new Error('Bundles have no event streams: take the alias out of packages/topology/bundling.js');
};

export class EventStreamSerde {
  constructor() {
    refuse();
  }
}

export const eventStreamSerdeProvider = refuse;

/** S3's client calls it when it is created, for an operation that is not used. */
export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;

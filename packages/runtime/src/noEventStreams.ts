/**
 * Takes the place of the SDK's event streams in bundles (packages/topology/bundling.js). No operation that is called has
 * one, and the SDK imports them only when one has; a bundle that is one file has them all the same, and because of that
 * import the modules that they share with every call are started one by one.
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

/** S3's client asks for it when it is made, for an operation that nobody calls. */
export const resolveEventStreamSerdeConfig = <Config>(config: Config): Config => config;

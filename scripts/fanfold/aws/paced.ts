import type { Cloud } from './cloud.ts';
import { pace } from './sending.ts';

type Client = {
  middlewareStack: {
    add(
      middleware: (next: (args: never) => Promise<never>) => (args: never) => Promise<never>,
      options: { step: 'deserialize'; name: string; override: true },
    ): void;
  };
};

/** The same stage by clients that together send at most so many requests a second, repeated ones included. */
export function paced(cloud: Cloud, perSecond: number, signal: AbortSignal): Cloud {
  const turn = pace(perSecond, signal);
  const slowed = <Any>(client: Any): Any => {
    (client as Client).middlewareStack.add(
      (next) => async (args) => {
        await turn(1);
        return next(args);
      },
      // Behind the middleware that repeats.
      { step: 'deserialize', name: 'pace', override: true },
    );
    return client;
  };
  return {
    ...cloud,
    sns: slowed(cloud.sns),
    sqs: slowed(cloud.sqs),
    s3: slowed(cloud.s3),
    lambdaOf: (service) => slowed(cloud.lambdaOf(service)),
    controls: () =>
      cloud.controls().map(({ lambda, events }) => ({ lambda: slowed(lambda), events: slowed(events) })),
    kms: () => slowed(cloud.kms()),
    async oldestIn(queues) {
      await turn(1);
      return cloud.oldestIn(queues);
    },
  };
}

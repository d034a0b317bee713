import * as z from 'zod';

/**
 * Thrown by a handler when a message can never succeed. It is quarantined: sent to the dead-letter queue at once,
 * with the reason, instead of after all its receives.
 */
export class Unprocessable extends Error {
  override name = 'Unprocessable';
  readonly reason: string;

  /** @param reason stable, for grouping, such as `unknown-payment` */
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

/**
 * Makes what follows from an event. If that is invalid or too large, the message can never succeed.
 *
 * @throws Unprocessable instead of the ZodError or RangeError of `make`
 */
export function orUnprocessable<T>(reason: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof z.ZodError) throw new Unprocessable(reason, firstIssue(error));
    if (error instanceof RangeError) throw new Unprocessable(reason, error.message);
    throw error;
  }
}

export const firstIssue = ({ issues: [issue] }: z.ZodError): string =>
  `${issue?.path.join('.')}: ${issue?.message}`;

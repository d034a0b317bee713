import * as z from 'zod';

/**
 * Thrown by a handler when a message can never succeed, however often it comes. It is quarantined: put into the
 * dead-letter queue at once, with the reason, instead of after all its receives.
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
 * What follows from an event. Where an event cannot be followed by another, because that would be too large or have what
 * no event can have, it never can be.
 *
 * @throws Unprocessable instead of the ZodError or RangeError of what `make` makes
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

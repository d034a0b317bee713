/** Why something failed, and what to do: each text is a line, wherever parts of it may come from. */
export class CommandError extends Error {
  override name = 'CommandError';
  readonly lines: string[];

  constructor(...lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** What was asked for cannot be: there is no such stage, queue or type, or the time is none in the past. */
export class UsageError extends CommandError {
  override name = 'UsageError';
}

/** What to say of an error: an interrupted wait has a name for programs. */
export const messageOf = (error: unknown): string =>
  (error as Error).name === 'AbortError' ? 'Interrupted' : (error as Error).message;

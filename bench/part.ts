/** One part of `pnpm bench`. */
export type Part<Result = unknown> = {
  /** What `--only` names it by, and where its result stands with `--json`. */
  name: string;
  /** What it measures, in a few words. */
  about: string;
  measure(options: MeasureOptions): Promise<Result>;
  /** The result as Markdown: tables, and a sentence where they do not speak for themselves. */
  report(result: Result): string;
  /** A picture of the result, as SVG. */
  chart?(result: Result): string;
};

export type MeasureOptions = {
  /** Small numbers, to see that it runs: counts are right, times mean little. */
  quick: boolean;
  /** Says what is being measured now. */
  tell: (what: string) => void;
};

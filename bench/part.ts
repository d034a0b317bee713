/** One part of `pnpm bench`. */
export type Part<Result = unknown> = {
  /** What `--only` names it by, and where its result stands with `--json`. */
  name: string;
  /** What it measures, in a few words. */
  about: string;
  /** About how long it takes on two cores that have nothing else to do. */
  minutes: number;
  measure(options: MeasureOptions): Promise<Result>;
  /** The result as Markdown: tables, and a sentence where they do not speak for themselves. */
  report(result: Result): string;
  /** A picture of the result, as SVG. */
  chart?(result: Result): string;
};

export type MeasureOptions = {
  /** Small numbers, to see that it runs: counts are right, times mean little. */
  quick: boolean;
  /** Tells somebody at a terminal what is being measured now. */
  tell: (what: string) => void;
  /** What has to be ended or taken away, also after Ctrl-C. */
  resources: AsyncDisposableStack;
  /** The commit that `dev` compares this checkout with. */
  against?: string;
  /** How long the clients of `dev` pay. */
  seconds?: number;
  /** Whether `dev` measures the tests, too. */
  tests: boolean;
};

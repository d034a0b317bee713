/** What CloudWatch would have of a value: a line of a function in the embedded metric format, or a run that Lambda counts itself. */
export type Measurement = {
  atMs: number;
  namespace: string;
  metric: string;
  dimensions: Record<string, string>;
  value: number;
};

/** What the functions of a running stack measure, of which the last is kept, for who evaluates alarms. */
export type Measurements = {
  /** A line in CloudWatch's embedded metric format. */
  line(text: string): void;
  /**
   * A run of a function: an error counts as 1, a run without one as 0, as in Lambda's metric `Errors`. One that ended well has its
   * `Duration` too.
   */
  run(functionName: string, failed: boolean, durationMs?: number): void;
  since(atMs: number): Measurement[];
};

/** In a stack under load, of the last minute. */
const maxKept = 5_000;

/** Lines are kept as they are: nobody asks for most of them. */
export function keepMeasurements(now = Date.now): Measurements {
  let kept: { atMs: number; measured: string | Omit<Measurement, 'atMs'> }[] = [];
  const keep = (measured: string | Omit<Measurement, 'atMs'>) => {
    kept.push({ atMs: now(), measured });
    if (kept.length >= 2 * maxKept) kept = kept.slice(-maxKept);
  };
  return {
    line: keep,
    run(FunctionName, failed, durationMs) {
      const of = { namespace: 'AWS/Lambda', dimensions: { FunctionName } };
      keep({ ...of, metric: 'Errors', value: failed ? 1 : 0 });
      if (durationMs !== undefined) keep({ ...of, metric: 'Duration', value: durationMs });
    },
    since: (atMs) =>
      kept
        .filter((each) => each.atMs >= atMs)
        .flatMap(({ atMs, measured }) =>
          typeof measured === 'string' ? embedded(measured, atMs) : [{ atMs, ...measured }],
        ),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html */
type Embedded = Record<string, unknown> & {
  _aws: { CloudWatchMetrics: { Namespace: string; Dimensions: string[][]; Metrics: { Name: string }[] }[] };
};

function embedded(line: string, atMs: number): Measurement[] {
  const entry = JSON.parse(line) as Embedded;
  return entry._aws.CloudWatchMetrics.flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.flatMap((names) =>
      Metrics.flatMap(({ Name }) =>
        [entry[Name]].flat().map((value) => ({
          atMs,
          namespace: Namespace,
          metric: Name,
          dimensions: Object.fromEntries(names.map((name) => [name, String(entry[name])])),
          value: Number(value),
        })),
      ),
    ),
  );
}

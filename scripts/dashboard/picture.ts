import type { Measurement } from '@fanfold/local-cloud/measurements';
import { statisticOf } from '../fanfold/operations/alarms.ts';

/** A dashboard as CloudWatch takes it: packages/topology/dashboard.js. */
export type Dashboard = { widgets: Widget[] };

type Place = { x: number; y: number; width: number; height: number };
type AlarmWidget = Place & { type: 'alarm'; properties: { title: string; alarms: string[] } };
type GraphWidget = Place & {
  type: 'metric';
  properties: { title: string; stat: string; period: number; metrics: MetricLine[] };
};
type Widget = AlarmWidget | GraphWidget;

/** Namespace, metric, names and values of its dimensions, and options; `.` stands for what the line before has there. */
type MetricLine = (string | MetricOptions)[];
type MetricOptions = { label?: string; stat?: string; yAxis?: 'right'; expression?: string };

/** What was measured between two times. A point of a graph is so many milliseconds. */
export type Measured = { measurements: Measurement[]; fromMs: number; toMs: number; pointMs: number };

type Series = { label: string; isRight: boolean; values: (number | null)[] };

const unit = { width: 50, height: 29 };
const colors = ['#2563eb', '#b45309', '#0f766e', '#9333ea', '#be123c', '#64748b'];

/**
 * A dashboard as a picture, of what a stack has measured. What is by the hour is scaled from the time of a point. A graph of metrics
 * that only AWS measures says so.
 */
export function pictureOf({ widgets }: Dashboard, measured: Measured, caption: string): string {
  const width = unit.width * Math.max(...widgets.map(({ x, width }) => x + width));
  const bottom = unit.height * Math.max(...widgets.map(({ y, height }) => y + height));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 30}" role="img" aria-labelledby="title">
<title id="title">The dashboard of a stage</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #334155 } .title { font-size: 11.5px; font-weight: 600 } .small { font-size: 10.5px }
.panel { fill: #fff; stroke: #cbd5e1 } .state { fill: #f8fafc; stroke: #94a3b8 } .grid { stroke: #e2e8f0 } .none { fill: #94a3b8 }
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round }
</style>
<rect width="${width}" height="${bottom + 30}" fill="#f1f5f9"/>
${widgets
  .map(
    (widget) => `<g><title>${escaped(widget.properties.title)}</title>
${widget.type === 'alarm' ? alarmPanel(widget) : graphPanel(widget, measured)}</g>`,
  )
  .join('\n')}
${text(caption, 8, bottom + 19, 'small')}
</svg>
`;
}

function alarmPanel({ properties: { title, alarms }, ...place }: AlarmWidget): string {
  const { left, top, width, height } = frameOf(place);
  const step = (width - 150) / alarms.length;
  const states = alarms.map((arn, i) => {
    const x = left + 150 + i * step;
    return `<rect x="${round(x)}" y="${top + 10}" width="${round(step - 10)}" height="${height - 20}" rx="4" class="state"/>
${text(arn.split(':alarm:')[1] ?? arn, x + 12, top + height / 2 + 4)}`;
  });
  return [
    panel(left, top, width, height),
    text(title, left + 10, top + height / 2 + 4, 'title'),
    ...states,
  ].join('\n');
}

function graphPanel({ properties, ...place }: GraphWidget, measured: Measured): string {
  const { left, top, width, height } = frameOf(place);
  const titles = wrapped(properties.title, 25);
  const series = seriesOf(properties, measured);
  const legend = rowsOf(series);
  const plot = {
    left: left + 42,
    right: left + width - (series.some(({ isRight }) => isRight) ? 36 : 10),
    top: top + 10 + 14 * titles.length + 8,
    bottom: top + height - 12 - 14 * legend.length,
  };
  const parts = [
    panel(left, top, width, height),
    ...titles.map((line, i) => text(line, left + 8, top + 18 + 14 * i, 'title')),
  ];
  if (series.length === 0) {
    return [...parts, text('Only AWS measures it.', left + 8, top + height / 2 + 12, 'small none')].join(
      '\n',
    );
  }
  const most = (isRight: boolean) =>
    roundUp(
      Math.max(
        0,
        ...series.filter((each) => each.isRight === isRight).flatMap(({ values }) => values.map(Number)),
      ),
    );
  const y = (value: number, isRight: boolean) =>
    plot.bottom - (value / most(isRight)) * (plot.bottom - plot.top);
  const x = (i: number, count: number) => plot.left + (i / Math.max(1, count - 1)) * (plot.right - plot.left);
  const axis = [0, 0.5, 1].map((share) => {
    const at = round(plot.bottom - share * (plot.bottom - plot.top));
    return `<path class="grid" d="M${plot.left} ${at}H${plot.right}"/>
${text(shortNumber(share * most(false)), plot.left - 5, at + 4, 'small', 'end')}${
  series.some(({ isRight }) => isRight)
    ? text(shortNumber(share * most(true)), plot.right + 5, at + 4, 'small')
    : ''
}`;
  });
  const lines = series.flatMap(({ values, isRight }, i) =>
    runsOf(values).map((run) => {
      const points = run.map(([at, value]) => `${round(x(at, values.length))},${round(y(value, isRight))}`);
      const color = colors[i % colors.length];
      const [cx, cy] = points[0]?.split(',') ?? [];
      // A value between two times without any would be no line.
      return points.length === 1
        ? `<circle cx="${cx}" cy="${cy}" r="2.2" fill="${color}"/>`
        : `<polyline points="${points.join(' ')}" stroke="${color}"/>`;
    }),
  );
  const names = legend.flatMap((row, line) =>
    row.map(({ label, index, offset }) => {
      const at = top + height - 8 - 14 * (legend.length - 1 - line);
      const color = colors[index % colors.length];
      return `<rect x="${round(left + 8 + offset)}" y="${at - 8}" width="8" height="8" fill="${color}"/>${text(label, left + 20 + offset, at, 'small')}`;
    }),
  );
  return [...parts, ...axis, ...lines, ...names].join('\n');
}

/** The series of a graph that have values. */
function seriesOf({ metrics, stat, period }: GraphWidget['properties'], measured: Measured): Series[] {
  const { measurements, fromMs, toMs, pointMs } = measured;
  const scale = period > 60 && stat === 'Sum' ? (period * 1_000) / pointMs : 1;
  let previous: string[] = [];
  return metrics.flatMap((line) => {
    const options = line.find((part) => typeof part === 'object') ?? {};
    const words = line.filter((part) => typeof part === 'string');
    previous = words.map((word, i) => (word === '.' ? (previous[i] ?? word) : word));
    const found = options.expression
      ? searched(options.expression, measurements)
      : [named(previous, measurements)];
    return found.flatMap(({ label, own }) => {
      if (own.length === 0) return [];
      const values = Array.from({ length: Math.floor((toMs - fromMs) / pointMs) }, (_, i) => {
        const start = fromMs + i * pointMs;
        const within = own.filter(({ atMs }) => atMs >= start && atMs < start + pointMs);
        if (within.length === 0) return null;
        return (
          scale *
          statisticOf(
            options.stat ?? stat,
            within.map(({ value }) => value),
          )
        );
      });
      return [{ label: options.label ?? label, isRight: options.yAxis === 'right', values }];
    });
  });
}

function named([namespace, metric = '', ...pairs]: string[], measurements: Measurement[]) {
  const dimensions = Object.fromEntries(
    pairs.flatMap((name, i) => (i % 2 === 0 ? [[name, pairs[i + 1]]] : [])),
  );
  const own = measurements.filter(
    (each) =>
      each.namespace === namespace &&
      each.metric === metric &&
      Object.keys(each.dimensions).length === pairs.length / 2 &&
      Object.entries(dimensions).every(([name, value]) => each.dimensions[name] === value),
  );
  return { label: metric, own };
}

/**
 * Each metric that a search finds, by the value of its first dimension:
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
 */
function searched(expression: string, measurements: Measurement[]) {
  const [, schema = '', metric] = /^SEARCH\('\{([^}]+)\} MetricName="(\w+)"'/.exec(expression) ?? [];
  const [namespace, ...names] = schema.split(',');
  const found = measurements.filter(
    (each) =>
      each.namespace === namespace &&
      each.metric === metric &&
      Object.keys(each.dimensions).sort().join() === [...names].sort().join(),
  );
  return [...Map.groupBy(found, ({ dimensions }) => String(dimensions[names[0] ?? '']))].map(
    ([label, own]) => ({
      label,
      own,
    }),
  );
}

/** Values that follow each other, with their places. */
function runsOf(values: (number | null)[]): [at: number, value: number][][] {
  const runs: [number, number][][] = [[]];
  for (const [at, value] of values.entries()) {
    if (value === null) runs.push([]);
    else runs.at(-1)?.push([at, value]);
  }
  return runs.filter((run) => run.length > 0);
}

/** The names of the series below a graph, as many beside each other as there is room for. */
function rowsOf(series: Series[]) {
  const rows: { label: string; index: number; offset: number }[][] = [];
  let end = Number.POSITIVE_INFINITY;
  for (const [index, { label }] of series.entries()) {
    const needed = 24 + 5.6 * label.length;
    if (end + needed > 4 * unit.width - 12) {
      rows.push([]);
      end = 0;
    }
    rows.at(-1)?.push({ label, index, offset: end });
    end += needed;
  }
  return rows;
}

const frameOf = ({ x, y, width, height }: Place) => ({
  left: x * unit.width + 4,
  top: y * unit.height + 4,
  width: width * unit.width - 8,
  height: height * unit.height - 8,
});

const panel = (left: number, top: number, width: number, height: number) =>
  `<rect class="panel" x="${left}" y="${top}" width="${width}" height="${height}" rx="6"/>`;

const text = (content: string, x: number, y: number, kind = '', anchor = 'start') =>
  `<text x="${round(x)}" y="${round(y)}"${kind && ` class="${kind}"`}${anchor === 'end' ? ' text-anchor="end"' : ''}>${escaped(content)}</text>`;

const escaped = (content: string) => content.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Lines of a text, of so many characters at most. */
function wrapped(content: string, longest: number): string[] {
  const lines: string[] = [];
  for (const word of content.split(' ')) {
    const line = [lines.at(-1), word].filter(Boolean).join(' ');
    if (lines.length > 0 && line.length <= longest) lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines;
}

/** The next of 1, 2 and 5 times a power of ten, at least 1. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return [1, 2, 5, 10].map((step) => step * power).find((each) => each >= value) ?? value;
}

const round = (value: number) => Math.round(value * 10) / 10;

const shortNumber = (value: number): string =>
  value >= 1e6 ? `${round(value / 1e6)} M` : value >= 1e4 ? `${round(value / 1e3)} k` : String(round(value));

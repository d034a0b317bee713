import type { MonthlyCost } from '../parts/cost/month.ts';

const width = 760;
const height = 420;
const plot = { left: 64, right: 150, top: 44, bottom: 84 };
const colors = ['#2563eb', '#b45309', '#64748b'];

/** The least and the most of the vertical axis, in dollars per million payments. */
const dollars = { least: 10, most: 10_000 };

/**
 * What a million payments cost, by how many there are in a month, as SVG: both axes are logarithmic, and below the
 * horizontal one stands what most of Fanfold's cost is due to.
 */
export function costChart(months: MonthlyCost[], date: string): string {
  const volumes = months.map(({ payments }) => payments);
  const x = scale(Math.min(...volumes), Math.max(...volumes), plot.left, width - plot.right);
  const y = scale(dollars.least, dollars.most, height - plot.bottom, plot.top);
  const perMillion = (terms: Record<string, number>, payments: number) =>
    (Object.values(terms).reduce((sum, each) => sum + each, 0) / payments) * 1e6;
  const gridX = volumes.map(
    (volume) => `<path class="grid" d="M${x(volume)} ${plot.top}V${height - plot.bottom}"/>
<text x="${x(volume)}" y="${height - plot.bottom + 18}" text-anchor="middle">${shortNumber(volume)}</text>`,
  );
  const gridY = [10, 100, 1000, 10_000].map(
    (value) => `<path class="grid" d="M${plot.left} ${y(value)}H${width - plot.right}"/>
<text x="${plot.left - 8}" y="${y(value) + 4}" text-anchor="end">$${shortNumber(value)}</text>`,
  );
  // A variant's line would lie on that of its design, or next to it.
  const names = months[0]?.programs.slice(0, colors.length).map(({ name }) => name) ?? [];
  const lines = names.map((name, i) => {
    const points = months.map(({ payments, programs }) => [
      x(payments),
      y(perMillion(programs[i]?.terms ?? {}, payments)),
    ]);
    const [lastX = 0, lastY = 0] = points.at(-1) ?? [];
    return `<polyline points="${points.map((point) => point.join()).join(' ')}" stroke="${colors[i]}"/>
<text x="${lastX + 8}" y="${lastY + (i === 0 ? 6 : i === 2 ? 16 : 0)}" fill="${colors[i]}" class="name">${name}</text>`;
  });
  const dominating = months.map(({ payments, programs }) => {
    const [[term = ''] = []] = Object.entries(programs[0]?.terms ?? {}).sort(([, a], [, b]) => b - a);
    const words = term.replace('alarms, metrics, keys', 'alarms, keys').replace('DynamoDB ', '');
    return `<text x="${x(payments)}" y="${height - 12}" text-anchor="middle" class="small">${words}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title">
<title id="title">Dollars for a million payments, by payments in a month</title>
<style>
text { font: 13px system-ui, sans-serif; fill: #334155 }
.name { font-weight: 600 } .small { font-size: 11px } .grid { stroke: #cbd5e1; stroke-width: 1; fill: none }
polyline { fill: none; stroke-width: 2.5; stroke-linejoin: round }
@media (prefers-color-scheme: dark) { text:not(.name) { fill: #cbd5e1 } .grid { stroke: #475569 } }
</style>
<text x="${plot.left}" y="22">Dollars for a million payments, invoiced and audited (list prices, ${date})</text>
${[...gridX, ...gridY].join('\n')}
${lines.map((line, i) => line.replaceAll(`fill="${colors[i]}"`, `style="fill:${colors[i]}"`)).join('\n')}
<text x="${(plot.left + width - plot.right) / 2}" y="${height - plot.bottom + 36}" text-anchor="middle">payments in a month</text>
<text x="${plot.left}" y="${height - 28}" class="small">What most of Fanfold\u2019s cost is due to</text>
${dominating.join('\n')}
</svg>
`;
}

const scale = (from: number, to: number, start: number, end: number) => (value: number) =>
  Math.round(start + ((Math.log(value) - Math.log(from)) / (Math.log(to) - Math.log(from))) * (end - start));

const shortNumber = (value: number): string =>
  value >= 1e9
    ? `${value / 1e9} G`
    : value >= 1e6
      ? `${value / 1e6} M`
      : value >= 1e3
        ? `${value / 1e3} k`
        : String(value);

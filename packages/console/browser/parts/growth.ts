import { html, svg, type TemplateResult } from 'lit-html';
import { count, time } from '../shown.ts';

/** How many entries a log had when. */
export type Grown = { at: string; size: number };

const [width, height, edge] = [640, 160, 4];

/** The size of a log over time, as its entries tell it; one after the other, the earliest first. */
export function growth(points: readonly Grown[]): TemplateResult {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return html`<p>The log has no entries yet.</p>`;
  const [from, to] = [first, last].map(({ at }) => Date.parse(at)) as [number, number];
  const x = ({ at }: Grown) => edge + ((Date.parse(at) - from) / Math.max(1, to - from)) * (width - 2 * edge);
  const y = ({ size }: Grown) => height - edge - (size / last.size) * (height - 2 * edge);
  const line = points.map((point) => `${x(point).toFixed(1)},${y(point).toFixed(1)}`).join(' ');
  return html`<figure class="growth">
    <svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img" aria-label=${`From ${count(first.size)} to ${count(last.size)} entries`}>
      ${svg`<polyline points=${line}></polyline>`}
    </svg>
    <figcaption><span>${count(first.size)} at ${time(first.at)}</span><span>${count(last.size)} at ${time(last.at)}</span></figcaption>
  </figure>`;
}

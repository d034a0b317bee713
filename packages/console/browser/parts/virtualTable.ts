import { html, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import { changed } from '../render.ts';

/** Rows have this height, whatever is in them: `.rows` in page.css. */
const rowPixels = 34;
/** What is rendered above and below what is seen, so that nothing is blank while it is scrolled. */
const margin = 15;
const seenRows = 18;

/** Where a table was scrolled to, by its key. The last one only: another table begins at its top. */
let scrolled = { key: '', top: 0 };

/** A table of thousands of rows, of which those are rendered that are scrolled to. */
export function virtualTable({
  name,
  key,
  head,
  total,
  row,
}: {
  name: string;
  /** Of what is shown: it stands where it was scrolled to until this is another one. */
  key: string;
  head: string[];
  total: number;
  /** The cells of a row, from 0. */
  row: (i: number) => TemplateResult;
}): TemplateResult {
  if (scrolled.key !== key) scrolled = { key, top: 0 };
  const first = Math.max(0, Math.min(Math.floor(scrolled.top / rowPixels), total - seenRows) - margin);
  const end = Math.min(total, first + seenRows + 2 * margin);
  const space = (rows: number) =>
    html`<tr aria-hidden="true"><td colspan=${head.length} .style=${`height: ${rows * rowPixels}px`}></td></tr>`;
  return html`<div
    class="table rows"
    tabindex="0"
    role="region"
    aria-label=${name}
    @scroll=${({ target }: Event) => {
      scrolled.top = (target as Element).scrollTop;
      changed();
    }}
  >
    <table aria-rowcount=${total + 1}>
      <thead><tr>${head.map((text) => html`<th scope="col">${text}</th>`)}</tr></thead>
      <tbody>
        ${first > 0 ? space(first) : ''}
        ${repeat(
          Array.from({ length: end - first }, (_, i) => first + i),
          (i) => i,
          (i) => html`<tr aria-rowindex=${i + 2}>${row(i)}</tr>`,
        )}
        ${end < total ? space(total - end) : ''}
      </tbody>
    </table>
  </div>`;
}

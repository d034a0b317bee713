import { hexOf } from '@fanfold/verify/bytes';
import type { Break, ProofPath } from '@fanfold/verify/path';
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { count } from '../shown.ts';

/** What is known of a path: nothing yet, that it is right, or where it breaks. */
export type Judgement = { state: 'served' | 'verified' | 'failed'; broken: Break | undefined };

const [rowHeight, boxWidth, boxHeight, gap] = [64, 150, 40, 30];
const width = boxWidth * 3 + gap * 2;
const columns = { left: 0, path: boxWidth + gap, right: (boxWidth + gap) * 2 };

/** One box of the picture. */
type Node = {
  name: string;
  what: string;
  hash: Uint8Array;
  column: keyof typeof columns;
  row: number;
  judged: string;
};

/** The way from an entry, at the bottom, to the root: what the log's owner signed. */
export function merklePath(path: ProofPath, judgement: Judgement): TemplateResult {
  const nodes = nodesOf(path, judgement);
  const height = (path.steps.length + 1) * rowHeight;
  const label = `Entry ${path.index} is under the root by ${path.steps.length} hashes${judgement.broken === undefined ? '' : `; it breaks at ${nameOf(judgement.broken)}`}`;
  return html`<figure class="path">
    <div class="table" tabindex="0" role="region" aria-label="Merkle path">
      <svg viewBox="-2 -2 ${width + 4} ${height + 4}" role="img" aria-label=${label}>
        ${nodes.filter(({ row }) => row > 0).map((node) => edge(node, nodes))} ${nodes.map(box)}
      </svg>
    </div>
    <details>
      <summary>The same as a table</summary>
      <div class="table" tabindex="0" role="region" aria-label="Hashes of the path">
        <table>
          <thead><tr><th scope="col">Node</th><th scope="col">Of</th><th scope="col">Hash</th><th scope="col">Verified</th></tr></thead>
          <tbody>
            ${nodes.map(({ name, what, hash, judged }) => html`<tr class=${judged}><td>${name}</td><td>${what}</td><td><code>${hexOf(hash)}</code></td><td>${said[judged] ?? nothing}</td></tr>`)}
          </tbody>
        </table>
      </div>
    </details>
  </figure>`;
}

const said: Record<string, string> = {
  right: 'fits',
  broken: 'breaks here',
  above: 'does not fit, for what is below',
};

/** As the picture calls it. */
export const nameOf = (broken: Break): string =>
  broken === 'entry' ? 'the entry' : broken === 'root' ? 'the root' : `hash ${broken + 1}`;

function nodesOf({ index, size, leaf, steps, root }: ProofPath, { state, broken }: Judgement): Node[] {
  const top = steps.length;
  const brokenAt = broken === 'entry' ? -1 : broken === 'root' ? top : broken;
  const judged = (height: number, isSibling = false) => {
    if (state === 'served') return '';
    if (state === 'verified') return 'right';
    if (brokenAt === undefined) return '';
    if (isSibling) return height === brokenAt ? 'broken' : 'right';
    if (broken === 'entry' && height === 0) return 'broken';
    if (broken === 'root' && height === top) return 'broken';
    return height > brokenAt ? 'above' : 'right';
  };
  const all = `entries 0 to ${count(size - 1)}`;
  const onPath: Node[] = [
    {
      name: top === 0 ? 'Root' : 'Entry',
      what: `entry ${count(index)}`,
      hash: leaf,
      column: 'path',
      row: top,
      judged: judged(0),
    },
    ...steps.map(({ reached }, i): Node => {
      const isRoot = i === top - 1;
      return {
        name: isRoot ? 'Root' : `Node ${i + 1}`,
        what: isRoot ? all : 'of both below',
        // What is signed, not what was reached.
        hash: isRoot ? root : reached,
        column: 'path',
        row: top - i - 1,
        judged: judged(i + 1),
      };
    }),
  ];
  const siblings = steps.map(
    ({ sibling, side, first, last }, i): Node => ({
      name: `Hash ${i + 1}`,
      what: first === last ? `entry ${count(first)}` : `entries ${count(first)} to ${count(last)}`,
      hash: sibling,
      column: side,
      row: top - i,
      judged: judged(i, true),
    }),
  );
  return [...onPath.toReversed(), ...siblings];
}

function edge({ column, row, judged }: Node, nodes: Node[]) {
  const parent = nodes.find((each) => each.column === 'path' && each.row === row - 1);
  const [fromX, toX] = [columns[column], columns.path].map((x) => x + boxWidth / 2);
  const isWrong = judged === 'broken' || (column === 'path' && judged === 'above');
  return parent
    ? svg`<line class=${isWrong ? 'wrong' : judged} x1=${fromX} y1=${row * rowHeight} x2=${toX} y2=${(row - 1) * rowHeight + boxHeight}></line>`
    : nothing;
}

const box = ({
  name,
  what,
  hash,
  column,
  row,
  judged,
}: Node) => svg`<g class=${judged} transform=${`translate(${columns[column]} ${row * rowHeight})`}>
  <title>${`${name}, ${what}: ${hexOf(hash)}`}</title>
  <rect width=${boxWidth} height=${boxHeight} rx="6"></rect>
  <text x="8" y="16"><tspan class="named">${name}</tspan><tspan dx="6">${hexOf(hash).slice(0, 8)}</tspan></text>
  <text x="8" y="33">${judged === 'broken' ? 'breaks here' : what}</text>
</g>`;

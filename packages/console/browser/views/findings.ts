import { html, nothing, type TemplateResult } from 'lit-html';
import type { FindingsShown } from '../../src/api.ts';
import { call } from '../calls.ts';
import { time } from '../shown.ts';
import { addressOf, go, idle, outcomeOf, perform, type View } from '../view.ts';

/** What was found missing or wrong, by billing's and audit's comparisons and of the log, and what to do. */
export const findings: View = {
  path: '/findings',
  title: 'Findings',
  opened: () => void look(),
  closed() {
    found = undefined;
  },
  show: (query) => html`
    <h1>Findings</h1>
    ${question(query)} ${found ? shown(found) : nothing}
  `,
};

let found: FindingsShown | undefined;
const looking = idle();

const look = () =>
  perform(looking, async () => {
    const query = new URLSearchParams(location.search);
    const asked = { date: query.get('date') ?? '', merchant: query.get('merchant') ?? '' };
    found = await call('findings', asked);
    return '';
  });

const question = (query: URLSearchParams) => html`<form
  class="bar"
  aria-label="Which findings"
  @submit=${(event: SubmitEvent) => {
    event.preventDefault();
    const given = [...new FormData(event.target as HTMLFormElement)].map(([name, value]) => [
      name,
      String(value).trim(),
    ]);
    go(addressOf(findings.path, Object.fromEntries(given.filter(([, value]) => value !== ''))));
  }}
>
  <label>Of the day (UTC)<input type="date" name="date" .value=${query.get('date') ?? ''} /></label>
  <label>Merchant<input name="merchant" .value=${query.get('merchant') ?? ''} /></label>
  <button type="submit" ?disabled=${looking.state === 'running'}>Look</button>
  ${outcomeOf(looking)}
</form>`;

const shown = ({ from, isAnything, sections }: FindingsShown): TemplateResult => html`
  <p>
    ${isAnything ? 'Something has to be done.' : 'Nothing has to be done.'} Days are looked at from ${time(from)} on, each after it has
    ended; the log and the tables as they are now. Whether a missing event was fixed is in the log of the consumer that found it.
  </p>
  ${sections.map(
    ({ heading, lines }) => html`<section class="finding">
      <h2>${heading}</h2>
      ${lines.map((line) => html`<p>${withCommands(line)}</p>`)}
    </section>`,
  )}
`;

/** Commands stand between backticks. */
const withCommands = (line: string) =>
  line.split('`').map((part, i) => (i % 2 === 1 ? html`<code>${part}</code>` : part));

import { formatAmount, isCurrency } from '@fanfold/contracts/currency';
import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { TracedEvent, TraceShown } from '../../src/api.ts';
import { call } from '../calls.ts';
import { time } from '../shown.ts';
import { addressOf, go, idle, outcomeOf, perform, type View } from '../view.ts';

/** What followed from what, across services, of anything that has an id. */
export const trace: View = {
  path: '/trace',
  title: 'Trace',
  opened: (query) => void load(query.get('id') ?? '', query.get('merchant') ?? ''),
  show: (query) => html`
    <h1>Trace</h1>
    ${search(query)} ${outcomeOf({ ...loading, sentence: loading.state === 'running' ? '' : loading.sentence })}
    ${found ? traceOf(found) : nothing}
  `,
};

let found: TraceShown | undefined;
let loaded = '';
const loading = idle();

async function load(id: string, merchant: string): Promise<void> {
  const asked = JSON.stringify([id, merchant]);
  if (asked === loaded && loading.state !== 'failed') return;
  loaded = asked;
  found = undefined;
  Object.assign(loading, idle());
  if (id === '') return;
  await perform(loading, async () => {
    const answer = await call('trace', { id, merchant });
    // Another one may have been asked for meanwhile.
    if (loaded === asked) found = answer;
    return '';
  });
  if (loaded !== asked) {
    const query = new URLSearchParams(location.search);
    loaded = '';
    await load(query.get('id') ?? '', query.get('merchant') ?? '');
  }
}

function search(query: URLSearchParams): TemplateResult {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const [id, merchant] = ['id', 'merchant'].map((name) => String(data.get(name) ?? '').trim());
    loaded = '';
    go(addressOf(trace.path, { ...(id && { id }), ...(merchant && { merchant }) }));
  };
  return html`<form class="bar" role="search" @submit=${submit}>
    <label class="wide">
      Id of a payment, refund, invoice, credit note, event, request, operation, order or dead letter, or number of a document
      <input name="id" required maxlength="160" .value=${query.get('id') ?? ''} />
    </label>
    <label>Merchant<input name="merchant" maxlength="64" .value=${query.get('merchant') ?? ''} /></label>
    <button>Trace</button>
  </form>`;
}

const traceOf = ({ flows, isErased, erasedAt, deadLetterOf }: TraceShown) => html`
  ${deadLetterOf === null ? nothing : html`<p>That is a dead letter of the event <code>${deadLetterOf}</code>.</p>`}
  ${
    isErased
      ? html`<p>
        Erased${erasedAt === null ? nothing : html` at ${time(erasedAt)}`}: nobody can read the content and the causes of these
        events any more.
      </p>`
      : nothing
  }
  ${flows.map(flowOf)}
`;

type Flow = TraceShown['flows'][number];

function flowOf({ correlationId, startedAt, events }: Flow): TemplateResult {
  const start = Date.parse(startedAt);
  const end = Math.max(start + 1, ...events.map(({ recordedAt }) => Date.parse(recordedAt)));
  const after = (text: string) => Date.parse(text) - start;
  /** Where a time is in the picture, in percent. */
  const at = (text: string) => Math.min(100, Math.max(0, (after(text) / (end - start)) * 100));
  return html`<section aria-label=${correlationId}>
    <h2><code>${correlationId}</code></h2>
    <p>Began ${time(startedAt)}; recorded after ${ms(end - start)}.</p>
    <ol class="flow">
      ${repeat(
        events,
        ({ id }) => id,
        (event) => html`<li>
          <details>
            <summary>
              <span class="indent" aria-hidden="true">${'· '.repeat(event.depth)}</span><strong>${event.type}</strong>
              <code>${event.id}</code> ${worthOf(event)}
              <span class="quiet"
                >${event.source.slice(1)}, ${ms(after(event.time))} after the start${
                  event.depth > 0
                    ? `, ${ms(Date.parse(event.time) - Date.parse(event.causedAt))} after its cause`
                    : ''
                }, recorded ${ms(Date.parse(event.recordedAt) - Date.parse(event.time))} later${event.isErased ? ', erased' : ''}</span
              >
              <svg class="bar-of-time" aria-hidden="true" preserveAspectRatio="none">
                ${bar('work', at(event.causedAt), at(event.time))} ${bar('record', at(event.time), at(event.recordedAt))}
              </svg>
            </summary>
            <pre tabindex="0" role="region" aria-label=${`Event ${event.id}`}><code>${JSON.stringify(event.event, null, 2)}</code></pre>
          </details>
        </li>`,
      )}
    </ol>
  </section>`;
}

const bar = (kind: string, from: number, to: number) =>
  svg`<rect class=${kind} x=${`${from}%`} width=${`${Math.max(0.3, to - from)}%`} y="0" height="100%"></rect>`;

const ms = (duration: number): string =>
  duration < 10_000 ? `${duration.toLocaleString()} ms` : `${Math.round(duration / 1000).toLocaleString()} s`;

/** What an event is worth, if it says so. */
function worthOf({ event }: TracedEvent): string {
  const { data } = event as { data?: Record<string, unknown> | null };
  const { currency, refund, totals, amountCaptured, amount } = Object(data) as {
    currency?: unknown;
    refund?: { amount?: unknown };
    totals?: { gross?: unknown };
    amountCaptured?: unknown;
    amount?: unknown;
  };
  const worth = [refund?.amount, totals?.gross, amountCaptured, amount].find(Number.isInteger);
  if (typeof currency !== 'string' || !isCurrency(currency) || worth === undefined) return '';
  return formatAmount(worth as number, currency);
}

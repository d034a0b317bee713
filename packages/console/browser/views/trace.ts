import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { TraceShown } from '../../src/api.ts';
import { call } from '../calls.ts';
import { lookup, searchForm } from '../lookup.ts';
import { time, worthOf } from '../shown.ts';
import { addressOf, type View } from '../view.ts';

/** What followed from what, across services, of anything that has an id. */
export const trace: View = {
  path: '/trace',
  title: 'Trace',
  opened: (query) => looked.load(query),
  show: (query) => html`
    <h1>Trace</h1>
    ${searchForm({ path: trace.path, label, verb: 'Trace' }, looked, query)} ${looked.found ? traceOf(looked.found) : nothing}
  `,
};

const label =
  'Id of a payment, refund, invoice, credit note, event, request, operation, order or dead letter, or number of a document';

const looked = lookup((id, merchant) => call('trace', { id, merchant }));

const traceOf = ({ flows, isErased, erasedAt, deadLetter }: TraceShown) => html`
  ${deadLetter === null ? nothing : deadLetterOf(deadLetter, flows.length > 0)}
  ${
    isErased
      ? html`<p>
        Erased${erasedAt === null ? nothing : html` at ${time(erasedAt)}`}: nobody can read the content and the causes of these
        events any more.
      </p>`
      : nothing
  }
  ${flows.length === 0 ? nothing : html`<p class="quiet">Bars: from its cause until it happened, then until audit had it.</p>`}
  ${flows.map(flowOf)}
`;

function deadLetterOf(
  { messageId, queue, cause, detail, since, event }: NonNullable<TraceShown['deadLetter']>,
  isRecorded: boolean,
): TemplateResult {
  const address = addressOf('/dead-letters', { queue, cause, message: messageId });
  return html`<p>
    That is a <a href=${address}>dead letter</a> in ${queue}, since ${time(since)}: ${cause}${detail ? html`, ${detail}` : nothing}.
    ${event === null ? 'It is no event.' : html`It is the event <code>${event}</code>${isRecorded ? '' : ', which audit has not recorded'}.`}
  </p>`;
}

type Flow = TraceShown['flows'][number];

function flowOf({ correlationId, startedAt, events }: Flow): TemplateResult {
  const start = Date.parse(startedAt);
  const end = Math.max(start + 1, ...events.map(({ recordedAt }) => Date.parse(recordedAt)));
  const after = (text: string) => Date.parse(text) - start;
  const payment = events.find(({ subject }) => subject.startsWith('pay_'));
  /** Where a time is in the picture, in percent. */
  const at = (text: string) => Math.min(100, Math.max(0, (after(text) / (end - start)) * 100));
  return html`<section aria-label=${correlationId}>
    <h2><code>${correlationId}</code></h2>
    <p>
      Began ${time(startedAt)}; recorded after ${ms(end - start)}.
      ${payment ? html`<a href=${addressOf('/payment', { id: payment.subject, merchant: payment.merchantId })}>The payment</a>` : nothing}
    </p>
    <ol class="flow">
      ${repeat(
        events,
        ({ id }) => id,
        (event) => html`<li>
          <details>
            <summary>
              <span class="indent" aria-hidden="true">${'· '.repeat(event.depth)}</span><strong>${event.type}</strong>
              <code>${event.id}</code> ${worthOf(Object(event.event).data)}
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

import { html, nothing, svg, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type {
  Answers,
  Asked,
  CreditNoteShown,
  InvoiceShown,
  PaymentFacts,
  PaymentShown,
} from '../../src/api.ts';
import { call } from '../calls.ts';
import { live } from '../live.ts';
import { lookup, searchForm } from '../lookup.ts';
import { changed } from '../render.ts';
import { amount, eventLink, time, worthOf } from '../shown.ts';
import { addressOf, idle, outcomeOf, perform, type View } from '../view.ts';

/** A payment with its state, its history, and its documents as the customer gets them. */
export const payment: View = {
  path: '/payment',
  title: 'Payment',
  opened(query) {
    isOpen = true;
    looked.load(query);
    loadDocument();
  },
  closed() {
    isOpen = false;
    pdf = undefined;
  },
  show: (query) => html`
    <h1>Payment</h1>
    ${searchForm({ path: payment.path, label, verb: 'Show' }, looked, query)}
    ${looked.found ? paymentOf(looked.found, query) : query.get('id') ? nothing : latest()}
  `,
};

const label =
  'Id of a payment, refund, invoice, credit note, event or request, an order, or number of a document';

let isOpen = false;

const looked = lookup(
  (id, merchant) => call('payment', { id, merchant }),
  () => loadDocument(),
);

const addressOfPayment = (id: string, merchant: string, document?: string): string =>
  addressOf('/payment', { id, merchant, ...(document && { document }) });

const maxLatest = 20;

/** Of what was seen since the page was opened. */
function latest(): TemplateResult {
  const seen = live.events.toReversed().filter(({ subject }) => subject.startsWith('pay_'));
  const newest = [...new Map(seen.toReversed().map((event) => [event.subject, event])).values()];
  if (newest.length === 0) return html`<p>Payments are listed here as their events are seen.</p>`;
  return html`<h2>Seen last</h2>
    <ul class="plain">
      ${newest
        .slice(-maxLatest)
        .toReversed()
        .map(
          ({ subject, merchantId, type, time: at }) =>
            html`<li>
              ${time(at)} <a href=${addressOfPayment(subject, merchantId)}><code>${subject}</code></a> ${type}
            </li>`,
        )}
    </ul>`;
}

function paymentOf(shown: PaymentShown, query: URLSearchParams): TemplateResult {
  const { payment: facts, merchantId, others } = shown;
  return html`
    ${
      others.length === 0
        ? nothing
        : html`<p>
          Other payments of the same:
          ${others.map((id) => html`<a href=${addressOfPayment(id, merchantId)}><code>${id}</code></a> `)}
        </p>`
    }
    <div class="bar">
      <h2>${amount(facts.amount, facts.currency)}, ${facts.status}</h2>
      <button type="button" @click=${() => looked.again()}>Look again</button>
      ${download(`${facts.id}.json`, facts, 'The payment as JSON')}
    </div>
    <div class="columns">
      <section aria-labelledby="states">
        <h3 id="states">State</h3>
        ${machine(facts.status)} ${factsOf(facts, merchantId)}
      </section>
      <section aria-labelledby="history">
        <h3 id="history">History</h3>
        ${historyOf(shown)}
      </section>
    </div>
    ${foreign('What the customer has to do', facts.nextAction ? [facts.nextAction] : [])}
    ${foreign('Disputes', facts.disputes ?? [])} ${documentsOf(shown, query)}
  `;
}

function factsOf(facts: PaymentFacts, merchantId: string): TemplateResult {
  const { id, amountCaptured, amountRefunded, currency, customer, failure } = facts;
  const rows: [string, unknown][] = [
    ['Id', eventLink(id, merchantId)],
    ['Order', eventLink(facts.orderId, merchantId)],
    ['Customer', customer.email === null ? customer.name : `${customer.name}, ${customer.email}`],
    ['Paid with', html`<code>${facts.paymentMethod}</code>`],
    ['Captured', amount(amountCaptured, currency)],
    ['Refunded', amount(amountRefunded, currency)],
    ['Description', facts.description],
    ['Authorized until', facts.expiresAt && time(facts.expiresAt)],
    ['Failed', failure && `${failure.code}: ${failure.message}`],
    ['Canceled', facts.cancellationReason],
  ];
  return html`<dl class="facts">
    ${rows.map(([name, value]) => (value ? html`<div><dt>${name}</dt><dd>${value}</dd></div>` : nothing))}
  </dl>`;
}

// The states, as services/payments/src/payment/lifecycle.ts goes through them: while the provider is asked, it is `processing`.

const [boxWidth, boxHeight] = [116, 32];

/** Where each state is drawn. */
const boxes: Record<string, [x: number, y: number]> = {
  authorized: [4, 8],
  processing: [4, 104],
  captured: [220, 8],
  canceled: [220, 68],
  failed: [220, 128],
};

const arrows: [from: [x: number, y: number], to: [x: number, y: number]][] = [
  [
    [42, 104],
    [42, 44],
  ],
  [
    [82, 40],
    [82, 100],
  ],
  [
    [120, 112],
    [216, 28],
  ],
  [
    [120, 120],
    [216, 88],
  ],
  [
    [120, 128],
    [216, 144],
  ],
];

function machine(status: string): TemplateResult {
  return html`<svg class="states" viewBox="0 0 340 168" role="img" aria-label=${`The states of a payment; this one is ${status}`}>
      <defs>
        <marker id="tip" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse">
          <path d="M 0 0 L 8 4 L 0 8 z"></path>
        </marker>
      </defs>
      ${arrows.map(
        ([[x1, y1], [x2, y2]]) =>
          svg`<line x1=${x1} y1=${y1} x2=${x2} y2=${y2} marker-end="url(#tip)"></line>`,
      )}
      ${Object.entries(boxes).map(
        ([name, [x, y]]) => svg`<g class=${name === status ? 'current' : ''}>
          <rect x=${x} y=${y} width=${boxWidth} height=${boxHeight} rx="6"></rect>
          <text x=${x + boxWidth / 2} y=${y + boxHeight / 2}>${name}</text>
        </g>`,
      )}
    </svg>
    ${Object.hasOwn(boxes, status) ? nothing : html`<p>It is <strong>${status}</strong>, which is not drawn.</p>`}`;
}

function historyOf({
  payment: { createdAt, amount: asked, currency, refunds },
  history,
  merchantId,
}: PaymentShown) {
  const pending = refunds.filter(({ status }) => status === 'pending');
  return html`<ol class="plain">
    <li>${time(createdAt)} asked for: ${amount(asked, currency)}</li>
    ${repeat(
      history,
      ({ id }) => id,
      ({ id, type, time: at, data, isErased }) => html`<li>
        ${time(at)} ${type} ${isErased ? 'erased' : worthOf(data)} ${eventLink(id, merchantId)}
      </li>`,
    )}
    ${pending.map(
      ({ id, createdAt, amount: minor }) => html`<li>
        ${time(createdAt)} refund <code>${id}</code> of ${amount(minor, currency)} is pending
      </li>`,
    )}
  </ol>`;
}

/** What only some providers tell, as they tell it. */
const foreign = (title: string, all: unknown[]) =>
  all.length === 0
    ? nothing
    : html`<section aria-label=${title}>
      <h3>${title}</h3>
      ${all.map((each) => html`<pre tabindex="0" role="region" aria-label=${title}><code>${JSON.stringify(each, null, 2)}</code></pre>`)}
    </section>`;

const download = (name: string, value: unknown, text: string) =>
  html`<a download=${name} href=${`data:application/json,${encodeURIComponent(JSON.stringify(value, null, 2))}`}>${text}</a>`;

// The documents.

type Shown = InvoiceShown | CreditNoteShown;

/** The PDF of the document that is shown. Without a path it is being made. */
let pdf: { documentId: string; answer?: Answers['documentFile']; problem: string } | undefined;
const againMs = 2_000;

/** The one in the address, or the invoice. */
function documentIn({ invoices, creditNotes }: PaymentShown, query: URLSearchParams): Shown | undefined {
  const all = [...invoices, ...creditNotes];
  return all.find(({ number }) => number === query.get('document')) ?? all[0];
}

/** Loads the PDF of the document in the address, again and again while it is being made. */
function loadDocument(): void {
  const { found } = looked;
  const document = found && documentIn(found, new URLSearchParams(location.search));
  if (!found || document?.id === pdf?.documentId) return;
  pdf = document && { documentId: document.id, problem: '' };
  if (pdf) void loadPdf(pdf, found.merchantId);
}

async function loadPdf(loading: NonNullable<typeof pdf>, merchant: string): Promise<void> {
  try {
    loading.answer = await call('documentFile', { id: loading.documentId, merchant, form: { show: 'pdf' } });
  } catch (error) {
    loading.problem = (error as Error).message;
  }
  if (pdf !== loading) return;
  changed();
  if (loading.answer?.path === null && isOpen)
    setTimeout(() => pdf === loading && void loadPdf(loading, merchant), againMs);
}

function documentsOf(shown: PaymentShown, query: URLSearchParams): TemplateResult {
  const { invoices, creditNotes, payment: facts, merchantId } = shown;
  const document = documentIn(shown, query);
  if (!document) {
    const why =
      facts.status === 'captured'
        ? 'It is issued within a second or two: look again.'
        : 'One is issued when it is captured.';
    return html`<section aria-labelledby="documents"><h3 id="documents">Documents</h3><p>There is no invoice. ${why}</p></section>`;
  }
  const link = (each: Shown, worth: number) => html`<li>
    <a
      href=${addressOfPayment(facts.id, merchantId, each.number)}
      aria-current=${each === document ? 'true' : nothing}
      >${each.number}</a
    >
    ${each.issueDate}, ${amount(worth, each.currency)}
  </li>`;
  return html`<section aria-labelledby="documents">
    <h3 id="documents">Documents</h3>
    <ul class="plain">
      ${invoices.map((each) => link(each, each.totals.gross))} ${creditNotes.map((each) => link(each, each.amount))}
    </ul>
    <div class="bar">
      ${download(`${document.number}.json`, document, 'JSON')}
      ${(document.documents ?? []).map(
        ({ format, profile }) =>
          html`<button
            type="button"
            class="small"
            @click=${() => save(document.id, merchantId, { show: format, profile })}
          >
            ${format.toUpperCase()} ${profile}
          </button>`,
      )}
      ${outcomeOf(saving)}
    </div>
    ${pdfOf(document)}
  </section>`;
}

const saving = idle();

/** It is sent as a file to save, so that the page stays. */
const save = (id: string, merchant: string, form: Asked<'documentFile'>['form']) =>
  perform(saving, async () => {
    const { path } = await call('documentFile', { id, merchant, form });
    if (path !== null) location.assign(path);
    return '';
  });

function pdfOf({ id, number }: Shown): TemplateResult {
  const { answer, problem } = pdf?.documentId === id ? pdf : { answer: undefined, problem: '' };
  if (problem) return html`<p role="status" class="failed">${problem}</p>`;
  if (!answer) return html`<p role="status">Loading the PDF…</p>`;
  if (answer.path === null)
    return html`<p role="status">The PDF of ${number} is being made. It is shown as soon as it is there.</p>`;
  return html`<p><a download=${answer.fileName} href=${answer.path}>${answer.fileName}</a></p>
    ${
      navigator.pdfViewerEnabled
        ? html`<iframe class="document" title=${`${number} as the customer gets it`} src=${answer.path}></iframe>`
        : html`<p>This browser shows no PDFs.</p>`
    }`;
}

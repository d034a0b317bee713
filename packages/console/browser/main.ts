import './withoutEval.ts';

import { html, nothing, type TemplateResult } from 'lit-html';
import type { PlaceOfConsole } from '../src/api.ts';
import { call, NotLetIn, takeToken } from './calls.ts';
import { listen, live } from './live.ts';
import { changed, changedNow, renderAlways } from './render.ts';
import type { View } from './view.ts';
import { deadLetters } from './views/deadLetters.ts';
import { findings } from './views/findings.ts';
import { flow } from './views/flow.ts';
import { payment } from './views/payment.ts';
import { proof } from './views/proof.ts';
import { trace } from './views/trace.ts';

const views: View[] = [flow, deadLetters, trace, payment, proof, findings];

let place: PlaceOfConsole | undefined;
let problem = '';
let shown: View | undefined;

takeToken();
addEventListener('popstate', showView);
addEventListener('click', followLink);
openView();
renderAlways(page);
void open();
// Ages grow by themselves.
setInterval(() => document.hidden || changed(), 1_000);

async function open(): Promise<void> {
  try {
    place = await call('place', {});
    problem = '';
  } catch (error) {
    problem = (error as Error).message;
    changed();
    if (error instanceof NotLetIn) return;
    // What is away comes back.
    setTimeout(open, 2_000);
    return;
  }
  changed();
  void listen(new URLSearchParams(location.search).get('merchant') ?? undefined);
}

function openView(): void {
  const query = new URLSearchParams(location.search);
  const view = views.find(({ path }) => path === location.pathname);
  if (view !== shown) shown?.closed?.();
  shown = view;
  document.title = view ? `${view.title} · Fanfold` : 'Fanfold';
  view?.opened?.(query);
}

function showView(): void {
  openView();
  changedNow();
}

/** A link to a view changes the address, and loads nothing. */
function followLink(event: MouseEvent): void {
  const link = (event.target as Element).closest?.('a');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || url.hash || !views.some(({ path }) => path === url.pathname)) return;
  event.preventDefault();
  history.pushState(null, '', url);
  showView();
  document.querySelector<HTMLElement>('main')?.focus();
}

function page(): TemplateResult {
  return html`
    <a class="skip" href="#main">To the content</a>
    <header>
      <p class="name">Fanfold <span>${place?.stage ?? ''}</span></p>
      <nav aria-label="Views">
        ${views.map(
          (view) =>
            html`<a href=${view.path} aria-current=${view === shown ? 'page' : nothing}>${view.title}</a>`,
        )}
        ${place?.isLocal ? html`<a href="/docs">APIs and events</a>` : nothing}
      </nav>
    </header>
    <main id="main" tabindex="-1">
      ${troubles()} ${shown ? (place ? shown.show(new URLSearchParams(location.search)) : nothing) : noView()}
    </main>
    ${place ? footer(place) : nothing}
  `;
}

function troubles(): TemplateResult {
  const all = [
    ...(problem ? [problem] : []),
    ...(place && !live.isLetIn ? ['Open the address again that the console printed when it started.'] : []),
    ...(place && live.isLetIn && !live.isConnected
      ? ['The console does not answer. As soon as it does, this page goes on.']
      : []),
    ...live.troubles,
  ];
  return html`<div role="alert" class="troubles">${all.map((trouble) => html`<p>${trouble}</p>`)}</div>`;
}

const noView = () => html`<h1>There is no such view</h1><p><a href="/">Flow</a> is the first one.</p>`;

function footer({
  stage,
  region,
  account,
  operator,
  isLocal,
  callsPerSecond,
}: PlaceOfConsole): TemplateResult {
  const where = isLocal ? 'on this machine' : `in ${region}, account ${account}`;
  return html`<footer>
    <p>
      ${stage} ${where}, as ${operator}.
      ${
        callsPerSecond === null
          ? 'Nothing is asked while no page is open.'
          : `While a page is open it makes at most ${callsPerSecond} requests a second to AWS to watch the stage, and none when it is closed.`
      }
    </p>
  </footer>`;
}

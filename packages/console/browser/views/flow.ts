import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { Asked, Picture, PlaceOfConsole, SeenEvent, TriggerShown } from '../../src/api.ts';
import { call } from '../calls.ts';
import { live, onEvents } from '../live.ts';
import { changed } from '../render.ts';
import { age, count, eventLink, time } from '../shown.ts';
import { addressOf, type Doing, idle, outcomeOf, perform, setQuery, type View } from '../view.ts';

/** Who publishes, what goes over the topic, and what waits where. */
export const flow: View = {
  path: '/',
  title: 'Flow',
  opened() {
    stopMoving ??= onEvents(move);
    void call('place', {}).then(
      (answer) => {
        place = answer;
        changed();
      },
      () => {},
    );
  },
  closed() {
    stopMoving?.();
    stopMoving = undefined;
  },
  show: (query) => html`
    <h1>Flow</h1>
    ${place && place.payable.length > 0 ? makers(place) : nothing} ${live.picture ? pictureOf(live.picture) : html`<p>Looking at the stage…</p>`}
    ${eventsTable(query)}
  `,
};

let place: PlaceOfConsole | undefined;
let stopMoving: (() => void) | undefined;

// Making payments.

const paying = idle();
let merchant: string | undefined;

const kinds: [Asked<'pay'>['what'], string][] = [
  ['payment', 'Pay'],
  ['declined', 'Pay with a declined card'],
  ['timeout', 'Pay, and the provider does not answer'],
  ['refund', 'Refund'],
];

const makers = ({ payable }: PlaceOfConsole) => html`
  <form class="bar" aria-label="Make a payment" @submit=${(event: Event) => event.preventDefault()}>
    <label>
      Merchant
      <input
        name="payer"
        pattern="[A-Za-z0-9_\\-]{1,64}"
        required
        .value=${merchant ?? place?.merchant ?? ''}
        @input=${({ target }: InputEvent) => {
          merchant = (target as HTMLInputElement).value;
        }}
      />
    </label>
    ${kinds
      .filter(([what]) => payable.includes(what))
      .map(
        ([what, label]) =>
          html`<button
          type="button"
          ?disabled=${paying.state === 'running'}
          @click=${() =>
            perform(paying, async () => {
              const { sentence } = await call('pay', { merchant: merchant ?? place?.merchant ?? '', what });
              return sentence;
            })}
        >
          ${label}
        </button>`,
      )}
    ${outcomeOf(paying)}
  </form>
`;

// The picture.

/** What happens to a switch, by what it switches. */
const switching = new Map<string, Doing>();

const pictureOf = (picture: Picture): TemplateResult => {
  const { services, queues, topic, isTopicAvailable } = picture;
  const others = queues.filter(({ service }) => service === null);
  return html`<section class="picture" aria-label="The stage">
    <section class="topic" .style=${`grid-row: 1 / span ${services.length + others.length}`} aria-label="The topic">
      <h2>${topic}</h2>
      <p>${isTopicAvailable ? 'SNS topic' : 'SNS was taken away'}</p>
      <p>${count(perMinute(() => true))} events in the last minute</p>
      ${
        place?.hasTopicSwitch
          ? switchOf('topic', isTopicAvailable, 'SNS', () => call('switchTopic', { on: !isTopicAvailable }))
          : nothing
      }
    </section>
    ${repeat(
      services,
      ({ name }) => name,
      (service, i) => rowOf(picture, service, i + 1),
    )}
    ${others.map((queue, i) => {
      const row = services.length + i + 1;
      return html`${lane(`queue ${queue.name}`, row, 4)}
        <section class="queue" .style=${at(row, 5)}>${queueOf(queue)}</section>`;
    })}
  </section>`;
};

const at = (row: number, column: number) => `grid-row: ${row}; grid-column: ${column}`;

const lane = (name: string, row: number, column: number) =>
  html`<span class="lane" data-lane=${name} .style=${at(row, column)} aria-hidden="true"></span>`;

function rowOf(picture: Picture, service: Picture['services'][number], row: number): TemplateResult {
  const { name, publishes, triggers } = service;
  const queues = picture.queues.filter((each) => each.service === name);
  const subscribed = queues.find(({ types }) => types !== null);
  const routes = triggers.filter(({ kind }) => kind === 'api');
  return html`
    <section class="service" aria-label=${name} .style=${at(row, 1)}>
      <h2>${name}</h2>
      ${
        routes.length > 0
          ? html`<p>${routes.map(({ source }) => html`<code>${source}</code> `)}</p>`
          : nothing
      }
      <ul>
        ${triggers.filter(({ kind }) => kind !== 'api' && kind !== 'queue').map((each) => triggerOf(name, each))}
      </ul>
      ${publishes ? nothing : html`<p>It publishes nothing.</p>`}
    </section>
    ${publishes ? lane(`publisher ${name}`, row, 2) : nothing}
    ${subscribed ? lane(`queue ${subscribed.name}`, row, 4) : nothing}
    <div class="queues" .style=${at(row, 5)}>
      ${queues.map((queue) => {
        const own = `${queue.name}-dead-letters`;
        const others = picture.deadLetters.filter((each) => each.service === name && each.name !== own);
        return html`<section class="queue" aria-label=${queue.name}>
          ${queueOf(queue)}
          <ul>
            ${triggers
              .filter(({ kind, source }) => kind === 'queue' && source === queue.name)
              .map((each) => triggerOf(name, each))}
          </ul>
          ${deadLettersOf(queue.name, [
            ...picture.deadLetters.filter((each) => each.name === own),
            ...(queue === subscribed ? others : []),
          ])}
        </section>`;
      })}
    </div>
  `;
}

function triggerOf(service: string, { functionKey, kind, source, state }: TriggerShown): TemplateResult {
  const what = { schedule: source, stream: 'stream of the table', queue: 'queue', api: source }[kind];
  return html`<li class=${state}>
    <span><strong>${functionKey}</strong> ${what}${state === 'on' ? nothing : html`, <em>${state}</em>`}</span>
    ${
      place?.isLocal && kind !== 'api'
        ? switchOf(`${service} ${functionKey} ${kind}`, state === 'on', `${service} ${functionKey}`, () =>
            call('switchTrigger', { service, functionKey, kind, on: state !== 'on' }),
          )
        : nothing
    }
  </li>`;
}

function switchOf(key: string, isOn: boolean, name: string, work: () => Promise<unknown>): TemplateResult {
  const doing = switching.get(key) ?? idle();
  switching.set(key, doing);
  const verb = isOn ? 'Stop' : 'Start';
  return html`<button
      type="button"
      class="small"
      aria-label=${`${verb} ${name}`}
      ?disabled=${doing.state === 'running'}
      @click=${() =>
        perform(doing, async () => {
          await work();
          return '';
        })}
    >
      ${doing.state === 'running' ? '…' : verb}</button
    >${doing.state === 'failed' ? html`<span role="status" class="failed">${doing.sentence}</span>` : nothing}`;
}

function queueOf({ name, types }: Picture['queues'][number]): TemplateResult {
  const depth = live.depths.get(name);
  return html`<h3>${name}</h3>
    <dl class="counts">
      <div><dt>waiting</dt><dd>${depth ? count(depth.waiting) : '–'}</dd></div>
      <div><dt>in flight</dt><dd>${depth ? count(depth.inFlight) : '–'}</dd></div>
      <div><dt>oldest</dt><dd>${depth?.oldestSince ? age(depth.oldestSince) : '–'}</dd></div>
      ${types ? html`<div><dt>per minute</dt><dd>${count(perMinute(({ type }) => isHeard(types, type)))}</dd></div>` : nothing}
    </dl>
    ${types ? subscriptionOf(types) : html`<p>Work of the service itself.</p>`}`;
}

type Types = NonNullable<Picture['queues'][number]['types']>;

const isHeard = (types: Types, type: string): boolean =>
  types === 'all' || (types !== 'others' && types.includes(type));

function subscriptionOf(types: Types): TemplateResult {
  const shown = types === 'all' ? ['all types'] : types === 'others' ? ['a filter of its own'] : types;
  return html`<details><summary>Subscribes to ${shown.length === 1 ? shown[0] : `${shown.length} types`}</summary>
      <ul>${shown.map((type) => html`<li>${type}</li>`)}</ul>
    </details>`;
}

const places = { events: 'not handled', subscription: 'not delivered', stream: 'not published' };

const deadLettersOf = (queue: string, deadLetters: Picture['deadLetters']) => html`
  <ul class="dead" aria-label=${`Dead letters of ${queue}`}>
    ${deadLetters.map(({ name, kind }) => {
      const depth = live.depths.get(name);
      const total = depth ? depth.waiting + depth.inFlight : 0;
      return html`<li class=${total > 0 ? 'some' : 'none'} title=${name}>
          ${total > 0 ? html`<a href=${addressOf('/dead-letters', { queue: name })}>${count(total)} ${places[kind]}</a>` : html`${depth ? 0 : '–'} ${places[kind]}`}${depth?.oldestSince ? `, for ${age(depth.oldestSince)}` : ''}
        </li>`;
    })}
  </ul>
`;

const perMinute = (isMeant: (event: SeenEvent) => boolean): number => {
  const since = performance.now() - 60_000;
  return live.events.filter((event) => event.seenAtMs > since && isMeant(event)).length;
};

// Events that move.

/** More at a time on one way would not be told apart. */
const maxMoving = 12;
const moveMs = 500;

function move(events: SeenEvent[]): void {
  const { picture } = live;
  if (!picture || document.hidden || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  for (const { source, type } of events) {
    moveOn(`publisher ${source.slice(1)}`, 0);
    for (const { name, types } of picture.queues) {
      if (types && isHeard(types, type)) moveOn(`queue ${name}`, moveMs);
    }
  }
}

function moveOn(laneName: string, delay: number): void {
  const lane = document.querySelector(`[data-lane="${CSS.escape(laneName)}"]`);
  if (!lane || lane.childElementCount >= maxMoving) return;
  const dot = lane.appendChild(document.createElement('span'));
  const moving = dot.animate(
    [
      { left: '0%', opacity: 1 },
      { left: 'calc(100% - 0.6rem)', opacity: 1 },
    ],
    { duration: moveMs, delay, easing: 'ease-in-out' },
  );
  moving.finished.finally(() => dot.remove());
}

// The latest events.

let paused: typeof live.events | undefined;
const maxRows = 100;

function eventsTable(query: URLSearchParams): TemplateResult {
  const filter = (name: string) => query.get(name) ?? '';
  const all = paused ?? live.events;
  const rows = all
    .filter(
      ({ type, merchantId, subject }) =>
        (filter('type') === '' || type === filter('type')) &&
        merchantId.includes(filter('merchant')) &&
        subject.includes(filter('subject')),
    )
    .slice(-maxRows)
    .reverse();
  const types = [...new Set([...live.events.map(({ type }) => type), filter('type')])].filter(Boolean).sort();
  const text = (name: 'merchant' | 'subject', label: string) =>
    html`<label
      >${label}
      <input
        name=${name}
        .value=${filter(name)}
        @input=${({ target }: InputEvent) => setQuery({ [name]: (target as HTMLInputElement).value })}
    /></label>`;
  const missed = paused ? live.events.length - paused.length : 0;
  return html`<section class="events" aria-labelledby="events">
    <h2 id="events">Events</h2>
    <form class="bar" aria-label="Filter" @submit=${(event: Event) => event.preventDefault()}>
      <label>
        Type
        <select @change=${({ target }: Event) => setQuery({ type: (target as HTMLSelectElement).value })}>
          <option value="" ?selected=${filter('type') === ''}>all</option>
          ${types.map((type) => html`<option value=${type} ?selected=${type === filter('type')}>${type}</option>`)}
        </select>
      </label>
      ${text('merchant', 'Merchant')} ${text('subject', 'Subject')}
      <button type="button" aria-pressed=${paused ? 'true' : 'false'} @click=${togglePause}>Pause</button>
      ${paused ? html`<p role="status">Paused${missed > 0 ? `, ${count(missed)} since then` : ''}.</p>` : nothing}
    </form>
    <div class="table" tabindex="0" role="region" aria-label="The latest events">
      <table>
        <thead>
          <tr><th scope="col">Time</th><th scope="col">Type</th><th scope="col">Event</th><th scope="col">Merchant</th></tr>
        </thead>
        <tbody>
          ${repeat(
            rows,
            ({ id, seenAtMs }) => `${id} ${seenAtMs}`,
            (event) =>
              html`<tr><td>${time(event.time)}</td><td>${event.type}</td><td>${eventLink(event.id, event.merchantId)}</td><td>${event.merchantId}</td></tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${rows.length === 0 ? html`<p>${emptyTable(all.length)}</p>` : nothing}
  </section>`;
}

function emptyTable(known: number): string {
  if (known > 0) return 'No event that was seen fits.';
  return place && !place.isLocal
    ? 'Events are shown of one merchant: write its id into the filter and reload. They come from audit, some seconds after they were published.'
    : 'Events are shown here as they are published.';
}

function togglePause(): void {
  paused = paused ? undefined : live.events;
  changed();
}

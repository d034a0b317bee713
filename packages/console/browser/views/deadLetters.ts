import { html, nothing, type TemplateResult } from 'lit-html';
import { repeat } from 'lit-html/directives/repeat.js';
import type { Asked, DeadLetterRow, DeadLetterShown, Look, Operation } from '../../src/api.ts';
import { call } from '../calls.ts';
import { live } from '../live.ts';
import { editor } from '../parts/editor.ts';
import { virtualTable } from '../parts/virtualTable.ts';
import { changed } from '../render.ts';
import { age, count, eventLink, time } from '../shown.ts';
import { addressOf, type Doing, idle, outcomeOf, perform, type View } from '../view.ts';

/** What could not be handled, delivered or published, by its cause, and what can be done with it. */
export const deadLetters: View = {
  path: '/dead-letters',
  title: 'Dead letters',
  opened() {
    if (!look && looking.state === 'idle') lookAgain();
    else loadShown();
  },
  closed() {
    // What is seen the next time is looked for then: SQS shows messages only to who takes them.
    look = undefined;
    Object.assign(looking, idle());
  },
  show: (query) => html`
    <h1>Dead letters</h1>
    ${heading()} ${look ? groupsTable(look, query) : nothing} ${look ? groupOf(look, query) : nothing}
    ${messageOf(query)} ${operations()}
  `,
};

type Group = Look['groups'][number];

let look: Look | undefined;
const looking = idle();

const lookAgain = () =>
  perform(looking, async () => {
    look = await call('lookAtDeadLetters', {});
    pages.clear();
    shown = undefined;
    loadShown();
    return '';
  });

const heading = () => html`<div class="bar">
  <button type="button" ?disabled=${looking.state === 'running'} @click=${lookAgain}>Look again</button>
  ${
    looking.state === 'running'
      ? html`<p role="status">Looking: SQS shows ten at a time.</p>`
      : look
        ? html`<p role="status">
          ${look.total === 0 ? 'There are no dead letters' : look.total === 1 ? '1 dead letter' : `${count(look.total)} dead letters`}, as seen at
          ${time(look.seenAt)}.${newcomers(look)}
        </p>`
        : html`<p role="status" class="failed">${looking.sentence}</p>`
  }
  ${look?.unseen.map((sentence) => html`<p>${sentence}</p>`)}
</div>`;

/** What came since: nothing is done with it before somebody has seen it. */
function newcomers({ total }: Look): string {
  const now = (live.picture?.deadLetters ?? []).reduce((sum, { name }) => {
    const depth = live.depths.get(name);
    return sum + (depth ? depth.waiting + depth.inFlight : 0);
  }, 0);
  return now === total || live.depths.size === 0 ? '' : ` Now there are ${count(now)}.`;
}

// Groups.

const isMeant = ({ queue, cause, isAside }: Group, query: URLSearchParams) =>
  queue === query.get('queue') && cause === query.get('cause') && isAside === query.has('aside');

const addressOfGroup = ({ queue, cause, isAside }: Group, message?: string) =>
  addressOf('/dead-letters', {
    ...{ queue, cause },
    ...(isAside && { aside: 'yes' }),
    ...(message !== undefined && { message }),
  });

/** What one is called for as long as the console is open: the same group is the same in the next look. */
const nameOf = ({ queue, cause, isAside }: Group) => `${queue} ${cause}${isAside ? ', put aside' : ''}`;

function groupsTable({ groups }: Look, query: URLSearchParams): TemplateResult {
  const queue = query.get('queue');
  const rows = groups.filter((group) => queue === null || group.queue === queue);
  if (groups.length === 0) return html``;
  return html`<div class="table" tabindex="0" role="region" aria-label="Groups">
      <table>
        <thead>
          <tr>
            <th scope="col">Count</th><th scope="col">Oldest</th><th scope="col">Queue</th><th scope="col">Cause</th><th scope="col">Types</th>
          </tr>
        </thead>
        <tbody>
          ${repeat(
            rows,
            nameOf,
            (group) => html`<tr class=${isMeant(group, query) ? 'chosen' : ''}>
              <td>${count(group.count)}</td>
              <td title=${group.oldest}>${age(group.oldest)}</td>
              <td>${group.queue}</td>
              <td>
                <a
                  href=${addressOfGroup(group)}
                  aria-current=${isMeant(group, query) ? 'true' : nothing}
                  >${group.cause}</a
                >${group.isAside ? ', put aside' : nothing}
              </td>
              <td>
                ${Object.entries(group.types)
                  .map(([type, n]) => `${type} ${count(n)}`)
                  .join(', ')}
              </td>
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${
      queue === null
        ? groups.length > 1
          ? actions('all', { all: true }, waitingIn(groups))
          : nothing
        : html`<p>
          ${rows.length === 0 ? `There are none at ${queue}. ` : nothing}<a href="/dead-letters">All queues</a>
        </p>`
    }`;
}

/** All but those that are put aside. */
const waitingIn = (groups: Group[]) =>
  groups.reduce((sum, { count, isAside }) => sum + (isAside ? 0 : count), 0);

// One group, of which only what is scrolled to is loaded and rendered: there may be thousands.

const pageLength = 100;
/** What was loaded of each group of the look: its pages, by the index of the group. */
const pages = new Map<number, (DeadLetterRow[] | undefined)[]>();

const indexIn = ({ groups }: Look, query: URLSearchParams) =>
  groups.findIndex((group) => isMeant(group, query));

/** Loads what the address names. */
function loadShown(): void {
  if (!look) return;
  const query = new URLSearchParams(location.search);
  const messageId = query.get('message');
  if (messageId !== shown?.messageId) void showMessage(messageId);
}

function load(group: number, page: number): void {
  const loaded = pages.get(group) ?? [];
  pages.set(group, loaded);
  if (!look || loaded[page]) return;
  loaded[page] = [];
  const { lookId } = look;
  void call('deadLettersOf', { lookId, group, from: page * pageLength, limit: pageLength }).then(
    ({ messages }) => {
      if (look?.lookId !== lookId) return;
      loaded[page] = messages;
      changed();
    },
    (error: Error) => {
      loaded[page] = undefined;
      Object.assign(paging, { state: 'failed', sentence: error.message });
      changed();
    },
  );
}

const paging = idle();

function groupOf(look: Look, query: URLSearchParams): TemplateResult | typeof nothing {
  const index = indexIn(look, query);
  const group = look.groups[index];
  if (!group) return nothing;
  const rowAt = (i: number) => {
    const page = Math.floor(i / pageLength);
    load(index, page);
    return pages.get(index)?.[page]?.[i % pageLength];
  };
  return html`<section aria-label=${nameOf(group)}>
    <h2>${group.service}: ${group.cause}${group.isAside ? ', put aside' : ''}</h2>
    ${actions(nameOf(group), { group: index }, group.count, group.isAside)}
    ${virtualTable({
      name: 'Messages, the oldest first',
      key: `${look.lookId} ${index}`,
      head: ['Since', 'Message', 'Event', 'Merchant', 'Why'],
      total: group.count,
      row: (i) => {
        const row = rowAt(i);
        if (!row) return html`<td>…</td><td></td><td></td><td></td><td></td>`;
        const { messageId, since, id, merchantId, detail, aside } = row;
        return html`<td>${time(since)}</td>
          <td>
            <a href=${addressOfGroup(group, messageId)} aria-current=${query.get('message') === messageId ? 'true' : nothing}
              ><code>${messageId}</code></a
            >
          </td>
          <td>${id === null ? '' : eventLink(id, merchantId ?? '')}</td>
          <td>${merchantId ?? ''}</td>
          <td>${aside?.reason ?? detail ?? ''}</td>`;
      },
    })}
    ${outcomeOf(paging)}
  </section>`;
}

// What can be done, with some, a group or all.

type Chosen = Asked<'actOnDeadLetters'>['chosen'];

/** How much was redriven of a group so far that went well: the next time it may be ten times as much. */
const nextCounts = new Map<string, number>();
const acting = new Map<string, Doing>();
const inputs = new Map<string, string>();

/** @param name what is chosen, the same as long as the console is open */
function actions(name: string, chosen: Chosen, total: number, isAside = false): TemplateResult {
  const doing = acting.get(name) ?? idle();
  acting.set(name, doing);
  const field = (id: string, usual: string) => inputs.get(`${name} ${id}`) ?? usual;
  const set =
    (id: string) =>
    ({ target }: InputEvent) => {
      inputs.set(`${name} ${id}`, (target as HTMLInputElement).value);
      changed();
    };
  const number = Number(field('count', String(Math.min(total, nextCounts.get(name) ?? 1))));
  const rate = Number(field('rate', '100'));
  const reason = field('reason', '');
  const isRight = number >= 1 && number <= total && rate >= 1 && rate <= 1000;
  const isOne = 'messageId' in chosen;
  const of = isOne ? 'it' : `${count(number)} of ${count(total)}`;
  const act = (action: Asked<'actOnDeadLetters'>['action']) =>
    perform(doing, async () => {
      if (!look) return '';
      const { lookId } = look;
      const asked = { lookId, chosen, action, count: isOne ? null : number, ratePerSecond: rate };
      const { number: operation } = await call('actOnDeadLetters', asked);
      whenDone(operation, () => {
        inputs.delete(`${name} reason`);
        if (action.verb === 'redrive') nextCounts.set(name, number * 10);
        inputs.delete(`${name} count`);
      });
      return `See below: ${operation}.`;
    });
  return html`<form class="bar" aria-label=${`What to do with ${isOne ? 'it' : name}`} @submit=${(event: Event) => event.preventDefault()}>
    ${
      isOne
        ? nothing
        : html`<label>Oldest<input type="number" min="1" max=${total} .value=${String(number)} @input=${set('count')} /></label>
          <label>Per second<input type="number" min="1" max="1000" .value=${String(rate)} @input=${set('rate')} /></label>`
    }
    <button type="button" ?disabled=${!isRight || doing.state === 'running'} @click=${() => act({ verb: 'redrive' })}>
      Redrive ${of}
    </button>
    ${
      isAside
        ? html`<button type="button" ?disabled=${!isRight || doing.state === 'running'} @click=${() => act({ verb: 'restore' })}>
          Restore ${of}
        </button>`
        : nothing
    }
    <label>${isAside ? 'Reason to discard' : 'Reason to discard or put aside'}<input maxlength="300" .value=${reason} @input=${set('reason')} /></label>
    ${
      isAside
        ? nothing
        : html`<button
          type="button"
          ?disabled=${!isRight || reason.trim() === '' || doing.state === 'running'}
          @click=${() => act({ verb: 'put-aside', reason })}
        >
          Put ${of} aside
        </button>`
    }
    <button
      type="button"
      class="danger"
      ?disabled=${!isRight || reason.trim() === '' || doing.state === 'running'}
      @click=${() => act({ verb: 'discard', reason })}
    >
      Discard ${of} for good
    </button>
    ${outcomeOf(doing)}
  </form>`;
}

/** Looks again when an operation has ended. @param then if it went well */
function whenDone(number: number, then: () => void): void {
  const operation = live.operations.find((each) => each.number === number);
  if (!operation || operation.state === 'looking' || operation.state === 'running') {
    setTimeout(() => whenDone(number, then), 100);
    return;
  }
  if (operation.state === 'done') then();
  if (location.pathname === deadLetters.path) void lookAgain();
}

// One message.

let shown: DeadLetterShown | undefined;
const showing = idle();
const copying = idle();

async function showMessage(messageId: string | null): Promise<void> {
  shown = undefined;
  Object.assign(copying, idle());
  if (messageId === null || !look) return changed();
  const { lookId } = look;
  await perform(showing, async () => {
    shown = await call('deadLetter', { lookId, messageId });
    return '';
  });
}

function messageOf(query: URLSearchParams): TemplateResult | typeof nothing {
  if (!query.has('message')) return nothing;
  if (!shown) return showing.state === 'failed' ? outcomeOf(showing) : nothing;
  const { messageId, queue, cause, detail, since, sourceMessageId, attributes, body, problems, aside } =
    shown;
  const facts: [string, unknown][] = [
    ['Queue', queue],
    ['Cause', detail === null ? cause : `${cause}: ${detail}`],
    ['Since', html`${time(since)} (${age(since)})`],
    ['Put aside', aside && html`${aside.reason}, at ${time(aside.since)}`],
    ['In the log of its consumer', sourceMessageId],
    ...Object.entries(attributes).map(([name, value]): [string, unknown] => [name, value]),
  ];
  const text = indented(body);
  return html`<section class="message" aria-label=${`Message ${messageId}`}>
    <h2><code>${messageId}</code></h2>
    ${actions(messageId, { messageId }, 1, aside !== null)}
    <dl class="facts">
      ${facts.filter(([, value]) => value !== null).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
    </dl>
    ${
      problems.length === 0
        ? nothing
        : html`<h3>What keeps it from being such an event</h3>
          <ul>${problems.map(({ pointer, detail }) => html`<li><code>${pointer || 'the whole'}</code>: ${detail}</li>`)}</ul>`
    }
    <h3>Body</h3>
    <div class="bar">
      <button type="button" @click=${() => perform(copying, () => copy(body))}>Copy</button>
      <a download=${`${messageId}.json`} href=${`data:application/json,${encodeURIComponent(body)}`}>Download</a>
      ${outcomeOf(copying)}
    </div>
    <pre tabindex="0" role="region" aria-label="Body"><code>${text}</code></pre>
    ${shown.isEditable ? editor(shown, text, send) : nothing}
  </section>`;
}

const send = async (messageId: string, body: string, reason: string): Promise<string> => {
  if (!look) return '';
  const { number } = await call('actOnDeadLetters', {
    lookId: look.lookId,
    chosen: { messageId },
    action: { verb: 'edit', body, reason },
    count: null,
    ratePerSecond: 1,
  });
  whenDone(number, () => {});
  return `See below: ${number}.`;
};

async function copy(text: string): Promise<string> {
  await navigator.clipboard.writeText(text);
  return 'Copied.';
}

function indented(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

// What was done.

const doneOf = {
  redrive: 'redriven',
  discard: 'discarded',
  edit: 'sent with another body',
  'put-aside': 'put aside',
  restore: 'restored',
};

const operations = () => html`<section aria-labelledby="operations">
  ${live.operations.length === 0 ? nothing : html`<h2 id="operations">Done since the console started</h2>`}
  <ol class="operations" reversed>
    ${live.operations.map((operation) => html`<li class=${operation.state}>${operationOf(operation)}</li>`)}
  </ol>
</section>`;

function operationOf(operation: Operation): TemplateResult {
  const {
    number,
    verb,
    what,
    startedAt,
    state,
    total,
    done,
    failed,
    failedCount,
    goneCount,
    operationId,
    sentence,
  } = operation;
  const isRunning = state === 'looking' || state === 'running';
  return html`<p>
      ${number}. ${time(startedAt)} ${what}:
      ${state === 'looking' ? 'looking for them…' : `${count(done)} of ${count(total)} ${doneOf[verb]}.`}
      ${goneCount > 0 ? `${count(goneCount)} were not there any more.` : ''}
      ${failedCount > 0 ? `${count(failedCount)} could not be.` : ''} ${sentence}
      ${operationId === null ? nothing : html`In the audit trail: ${eventLink(operationId, '')}`}
    </p>
    ${isRunning ? html`<progress max=${Math.max(1, total)} value=${done + failedCount} aria-label=${`Operation ${number}`}></progress>` : nothing}
    ${
      failed.length === 0
        ? nothing
        : html`<ul>${failed.map(({ messageId, why }) => html`<li><code>${messageId}</code>: ${why}</li>`)}</ul>`
    }`;
}

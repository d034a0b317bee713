import { ownerOf } from '@fanfold/contracts/event';
import { ageSeconds, durationOf } from '@fanfold/verify/age';
import { base64Of } from '@fanfold/verify/bytes';
import { shortOf } from '@fanfold/verify/key';
import { type Checkpoint, cannotBeChecked } from '@fanfold/verify/note';
import { breakIn, type ProofPath, pathIn } from '@fanfold/verify/path';
import { type Proven, verifyProofFile } from '@fanfold/verify/proof';
import { VerificationError } from '@fanfold/verify/wrong';
import { html, nothing, type TemplateResult } from 'lit-html';
import { call } from '../calls.ts';
import { grownTo, log, newestCheckpoint, trustedKeys } from '../logFiles.ts';
import { type Grown, growth } from '../parts/growth.ts';
import { type Judgement, merklePath, nameOf } from '../parts/merklePath.ts';
import { changed } from '../render.ts';
import { count, time } from '../shown.ts';
import { partsOf } from '../tampering.ts';
import { addressOf, go, idle, outcomeOf, perform, type View } from '../view.ts';

/** That an event is in the log, verified by this page, and what the log has. */
export const proof: View = {
  path: '/proof',
  title: 'Proof',
  opened(query) {
    const [merchant, event] = [query.get('merchant') ?? '', query.get('event') ?? ''];
    if (merchant !== asked.merchant || event !== asked.event) {
      asked = { merchant, event };
      served = undefined;
      asking = idle();
      if (event !== '') void ask();
    }
    if (checkpoints.length === 0) void lookAtLog();
  },
  show: () => html`
    <h1>Proof</h1>
    ${question()} ${served ? shownProof(served) : nothing} ${theLog()}
  `,
};

// Which event.

let asked = { merchant: '', event: '' };
let asking = idle();

const question = () => html`<form
    class="bar"
    aria-label="Event"
    @submit=${(event: SubmitEvent) => {
      event.preventDefault();
      const given = new FormData(event.target as HTMLFormElement);
      const [merchant, id] = ['merchant', 'event'].map((name) => String(given.get(name)).trim()) as [
        string,
        string,
      ];
      if (merchant === asked.merchant && id === asked.event) return void ask();
      go(addressOf(proof.path, { merchant, event: id }));
    }}
  >
    <label>Merchant<input name="merchant" .value=${asked.merchant} /></label>
    <label>Event<input name="event" required placeholder="pay_…:1" size="34" .value=${asked.event} /></label>
    <button type="submit" ?disabled=${asking.state === 'running'}>Get its proof</button>
    ${outcomeOf(asking)}
  </form>`;

/** A proof file, of what was asked for, as it was served, and as it is now. */
type Served = {
  askedFor: typeof asked;
  original: string;
  file: string;
  changedAt: string;
  path: ProofPath | undefined;
};

let served: Served | undefined;

function ask(): Promise<void> {
  const [of, doing] = [asked, idle()];
  asking = doing;
  forgetVerdict();
  served = undefined;
  return perform(doing, async () => {
    const { file } = await call('proof', of);
    const path = await pathIn(file).catch(() => undefined);
    // Another one may have been asked for meanwhile.
    if (asking === doing) served = { askedFor: of, original: file, file, changedAt: '', path };
    return '';
  });
}

// Verifying it.

type Verdict = Judgement & { sentence: string; proven?: Proven };

let verdict: Verdict | undefined;
let verifying = idle();

function forgetVerdict(): void {
  verdict = undefined;
  verifying = idle();
}

function verify(of: Served): Promise<void> {
  forgetVerdict();
  return perform(verifying, async () => {
    const found = await verdictOn(of).catch((error) => failed(of, error as Error));
    // Its bytes may have been changed meanwhile, or another one asked for.
    if (served !== of) return '';
    verdict = found;
    return found.state === 'verified' ? found.sentence : Promise.reject(new Error(found.sentence));
  });
}

async function verdictOn({ file, askedFor }: Served): Promise<Verdict> {
  const proven = await verifyProofFile(file, await trustedKeys());
  const { index, event } = proven;
  if (event !== 'erased') requireAsked(event, askedFor);
  const sentence =
    event === 'erased'
      ? `Verified: entry ${count(index)} of the log is an event whose text was erased. That it is the one asked for cannot be checked: its id and its merchant were in its text.`
      : `Verified: this event, to the letter, is entry ${count(index)} of the log.`;
  return { state: 'verified', broken: undefined, sentence, proven };
}

/** A proof is as good for another event: that one would be taken for what was asked for. */
function requireAsked({ id, merchantid }: { id: string; merchantid: string }, of: typeof asked): void {
  const merchant = ownerOf(of.event) ?? of.merchant;
  if (id === of.event && merchantid === merchant) return;
  throw new VerificationError(
    'event',
    `it is ${id} of ${merchantid}, and ${of.event} of ${merchant} was asked for`,
  );
}

async function failed({ path }: Served, error: Error): Promise<Verdict> {
  if (!(error instanceof VerificationError)) throw error;
  const { part, message } = error;
  const [, hash] = /^hash (\d+) of/.exec(part) ?? [];
  const broken =
    hash !== undefined
      ? Number(hash) - 1
      : part === 'signature' || part === 'origin'
        ? 'root'
        : path && (await breakIn(path, log).catch(() => undefined));
  // The entry is in the log as it is; what does not fit is what opens it.
  const at = broken ?? (/^(extra|entry|event|commitment|salt|subject)/.test(part) ? 'entry' : undefined);
  return {
    state: 'failed',
    broken: at,
    sentence: `Not verified: ${message}.${at === undefined ? '' : ` It breaks at ${nameOf(at)}.`}`,
  };
}

let part = 'the event';

function change(of: Served, name: string): void {
  const found = partsOf(of.original, false).find((each) => each.name === name);
  if (!found) return;
  void show(of, found.change(of.original), name);
}

async function show(of: Served, file: string, changedAt: string): Promise<void> {
  const path = await pathIn(file).catch(() => of.path);
  if (served?.askedFor !== of.askedFor) return;
  served = { ...of, file, changedAt, path };
  forgetVerdict();
  changed();
}

function shownProof(of: Served): TemplateResult {
  const parts = partsOf(of.original, !/"event"/.test(atob(/\nextra (\S+)/.exec(of.original)?.[1] ?? '')));
  return html`<section aria-label="Proof of the event">
    <h2><code>${of.askedFor.event}</code></h2>
    <form class="bar" aria-label="Verify" @submit=${(event: Event) => event.preventDefault()}>
      <button type="button" ?disabled=${verifying.state === 'running'} @click=${() => verify(of)}>Verify</button>
      <label>
        To see that it is found out
        <select
          @change=${({ target }: Event) => {
            part = (target as HTMLSelectElement).value;
          }}
        >
          ${parts.map(({ name }) => html`<option ?selected=${name === part}>${name}</option>`)}
        </select>
      </label>
      <button type="button" @click=${() => change(of, part)}>Change a byte</button>
      <button type="button" ?disabled=${of.changedAt === ''} @click=${() => show(of, of.original, '')}>As it was served</button>
      <a download=${`${of.askedFor.event.replaceAll(/[^\w.-]/g, '-')}.tlog-proof`} href=${`data:text/plain,${encodeURIComponent(of.file)}`}>Download</a>
      ${of.changedAt === '' ? nothing : html`<p role="status">A byte of ${of.changedAt} was changed here.</p>`} ${outcomeOf(verifying)}
    </form>
    <p>
      This page verifies the bytes that audit served, with the key of the log, by the code of <code>fanfold verify</code>.
    </p>
    ${of.path ? merklePath(of.path, verdict ?? { state: 'served', broken: undefined }) : nothing} ${verdict?.proven ? whatIsProven(verdict.proven) : nothing}
    ${verdict?.proven ? signersOf(verdict.proven.checkpoint) : nothing}
  </section>`;
}

function whatIsProven({ entry, event, index, checkpoint }: Proven): TemplateResult {
  const facts: [string, unknown][] = [
    ...(event === 'erased'
      ? []
      : ([
          ['Merchant', event.merchantid],
          ['Subject', event.subject],
        ] as [string, unknown][])),
    ['Type', entry.type],
    ['Time', time(entry.time)],
    ['Recorded', time(entry.recordedtime)],
    ['Entry', `${count(index)} of ${count(checkpoint.size)}, from 0`],
    ['Commitment to its text', html`<code>${entry.commitment}</code>`],
  ];
  return html`<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}

// The log.

/** The checkpoints that were looked at since the page was opened, the newest first. */
let checkpoints: (Checkpoint & { seenAt: string })[] = [];
let grown: Grown[] = [];
let isEmpty = false;
const looking = idle();

const lookAtLog = () =>
  perform(looking, async () => {
    const newest = await newestCheckpoint(await trustedKeys());
    isEmpty = newest === undefined;
    if (!newest) return '';
    const others = checkpoints.filter(({ text }) => text !== newest.text);
    checkpoints = [{ ...newest, seenAt: new Date().toISOString() }, ...others].slice(0, 20);
    changed();
    grown = await grownTo(newest.size);
    return '';
  });

function theLog(): TemplateResult {
  const [newest] = checkpoints;
  return html`<section aria-labelledby="the-log">
    <h2 id="the-log">The log</h2>
    <div class="bar">
      <button type="button" ?disabled=${looking.state === 'running'} @click=${lookAtLog}>Look at its checkpoint again</button>
      ${outcomeOf(looking)}
    </div>
    ${isEmpty ? html`<p>It has no checkpoint yet: one comes within a minute of the first event.</p>` : nothing}
    ${
      newest
        ? html`<p><strong>${newest.origin}</strong> has ${count(newest.size)} entries.</p>
          ${signersOf(newest)} ${growth(grown)}
          <h3>Checkpoints that this page has verified</h3>
          <div class="table" tabindex="0" role="region" aria-label="Checkpoints">
            <table>
              <thead><tr><th scope="col">Seen</th><th scope="col">Entries</th><th scope="col">Root</th><th scope="col">Witness</th></tr></thead>
              <tbody>
                ${checkpoints.map(
                  ({ seenAt, size, root, witnessedBy: [witness] }) => html`<tr>
                    <td>${time(seenAt)}</td><td>${count(size)}</td><td><code>${base64Of(root)}</code></td>
                    <td>${witness ? time(witness.time.toISOString()) : 'not yet'}</td>
                  </tr>`,
                )}
              </tbody>
            </table>
          </div>`
        : nothing
    }
  </section>`;
}

/** Whose signatures a checkpoint has, of those that are trusted. */
const signersOf = ({ signedBy, witnessedBy, notChecked }: Checkpoint) => html`<ul>
  ${signedBy.map((key) => html`<li>Signed by the log, <code>${shortOf(key)}</code></li>`)}
  ${notChecked.map((key) => html`<li>The cosignature of <code>${shortOf(key)}</code> ${cannotBeChecked}</li>`)}
  ${
    witnessedBy.length + notChecked.length === 0
      ? html`<li>Not cosigned by the witness yet: it follows within a minute or two.</li>`
      : witnessedBy.map(
          ({ key, time: at }) =>
            html`<li>Cosigned by the witness, <code>${shortOf(key)}</code>, at ${time(at.toISOString())}, ${durationOf(Math.max(0, ageSeconds(at, new Date())))} ago</li>`,
        )
  }
</ul>`;

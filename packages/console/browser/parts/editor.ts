import { problemsOfEdit, typeNamedIn } from '@fanfold/contracts/problems';
import { html, nothing, type TemplateResult } from 'lit-html';
import type { DeadLetterShown, EventSchema } from '../../src/api.ts';
import { call } from '../calls.ts';
import { changed } from '../render.ts';
import { idle, outcomeOf, perform } from '../view.ts';

/** What is being edited: of one message at a time. */
let edited: { messageId: string; body: string; reason: string } | undefined;
const sending = idle();

/** The schemas of types, once they were asked for. */
const schemas = new Map<string, EventSchema | null>();

/**
 * The body of a dead letter, to be corrected beside the schema of its event, and sent instead of the original.
 *
 * @param text its body as it is shown first
 */
export function editor(
  { messageId, body: original }: DeadLetterShown,
  text: string,
  send: (messageId: string, body: string, reason: string) => Promise<string>,
): TemplateResult {
  const now = edited?.messageId === messageId ? edited : { messageId, body: text, reason: '' };
  const set = (changes: { body?: string; reason?: string }) => {
    edited = { ...now, ...changes };
    if (sending.state !== 'running') Object.assign(sending, idle());
    changed();
  };
  const isEdited = now.body !== text;
  const problems = problemsOfEdit(original, now.body);
  const type = typeNamedIn(now.body);
  const isReady = problems.length === 0 && now.reason.trim() !== '' && sending.state !== 'running';
  return html`<details class="editor" ?open=${isEdited}>
    <summary>Edit and retry</summary>
    <form
      aria-label="Edit and retry"
      @submit=${(event: Event) => {
        event.preventDefault();
        if (isReady) void perform(sending, () => send(messageId, now.body, now.reason));
      }}
    >
      <div class="beside">
        <label>
          Edited body
          <textarea rows="24" spellcheck="false" .value=${now.body} @input=${({ target }: InputEvent) => set({ body: (target as HTMLTextAreaElement).value })}></textarea>
        </label>
        <section class="schema" tabindex="0" aria-label="What such an event has">
          ${type === undefined ? html`<p>Its type is none that is known here, so there is no schema.</p>` : schemaOf(type)}
        </section>
      </div>
      <div role="status" aria-label="What is wrong with it">
        ${
          problems.length === 0
            ? html`<p class="done">It is such an event.</p>`
            : html`<ul class="failed">${problems.map(({ pointer, detail }) => html`<li><code>${pointer || 'the whole'}</code>: ${detail}</li>`)}</ul>`
        }
      </div>
      <div class="bar">
        <label>Reason to edit<input maxlength="300" .value=${now.reason} @input=${({ target }: InputEvent) => set({ reason: (target as HTMLInputElement).value })} /></label>
        <button type="submit" ?disabled=${!isReady}>Send it instead of the original</button>
        <button type="button" ?disabled=${!isEdited} @click=${() => set({ body: text })}>As it was</button>
        ${outcomeOf(sending)}
      </div>
      <p>The audit trail keeps both bodies, and who sent it. The original is gone from here when the edited one was sent.</p>
    </form>
  </details>`;
}

function schemaOf(type: string): TemplateResult {
  const known = schemas.get(type);
  if (known === undefined) {
    schemas.set(type, null);
    void call('eventSchema', { type }).then(
      ({ schema }) => {
        schemas.set(type, schema);
        changed();
      },
      () => schemas.delete(type),
    );
  }
  return html`<h3>${type}</h3>${known ? fieldsOf(known) : nothing}`;
}

function fieldsOf({ properties, required = [], items, anyOf }: EventSchema): TemplateResult | typeof nothing {
  if (items) return fieldsOf(items);
  if (anyOf) return html`${anyOf.map(fieldsOf)}`;
  const fields = Object.entries(properties ?? {});
  if (fields.length === 0) return nothing;
  return html`<ul>
    ${fields.map(
      ([name, field]) => html`<li>
        <code>${name}</code> ${kindOf(field)}${required.includes(name) ? nothing : ', may be missing'}${field.description ? html`. ${field.description}` : nothing} ${fieldsOf(field)}
      </li>`,
    )}
  </ul>`;
}

const maxValuesShown = 12;

/** What a field is, in a few words. */
function kindOf({
  type,
  const: constant,
  enum: values,
  format,
  minimum,
  exclusiveMinimum,
  maxLength,
  anyOf,
}: EventSchema): string {
  if (constant !== undefined) return `always ${JSON.stringify(constant)}`;
  if (values)
    return values.length > maxValuesShown ? `one of ${values.length} codes` : `one of ${values.join(', ')}`;
  if (anyOf) return anyOf.map(kindOf).join(' or ');
  return [
    [type ?? []].flat().join(' or '),
    format,
    minimum !== undefined && minimum > -1e15 && `from ${minimum}`,
    exclusiveMinimum !== undefined && `above ${exclusiveMinimum}`,
    maxLength !== undefined && `${maxLength} characters at most`,
  ]
    .filter(Boolean)
    .join(', ');
}

/** A piece of HTML, in which what came from elsewhere is escaped. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Content = Html | string | number | undefined | false | Content[];

/** HTML from a template whose values are escaped, but for those that are HTML. */
export const html = (parts: TemplateStringsArray, ...values: Content[]): Html =>
  new Html(parts.map((part, index) => part + textOf(values[index])).join(''));

function textOf(value: Content): string {
  if (value === undefined || value === false) return '';
  if (Array.isArray(value)) return value.map(textOf).join('');
  return value instanceof Html ? value.text : escaped(String(value));
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const escaped = (text: string) => text.replace(/[&<>"']/g, (character) => entities[character] as string);

/** Paragraphs of a description: what is in backticks is code, and a URL a link. */
export const paragraphs = (description = ''): Content =>
  description.split('\n\n').map((paragraph) => html`<p>${inline(paragraph)}</p>`);

const inline = (text: string): Content =>
  text.split(/(`[^`]+`|https:\/\/[^\s`)]*[^\s`).,:])/).map((part) => {
    if (/^`.+`$/.test(part)) return html`<code>${part.slice(1, -1)}</code>`;
    return part.startsWith('https://') ? html`<a href="${part}" rel="noreferrer">${part}</a>` : part;
  });

export const jsonBlock = (value: unknown): Html =>
  html`<pre><code>${typeof value === 'string' ? value : JSON.stringify(value, null, 2)}</code></pre>`;

// Sends what the forms of the reference page have, through the page's own origin, and shows what is answered.

type Link = { operationId: string; parameters: Record<string, string> };

const sender = document.querySelector<HTMLFormElement>('#sender');
sender?.addEventListener('submit', (event) => event.preventDefault());

for (const form of document.querySelectorAll<HTMLFormElement>('.try form')) {
  newKey(form);
  form.querySelector('select')?.addEventListener('change', ({ currentTarget }) => {
    const body = form.querySelector('textarea');
    if (body) body.value = (currentTarget as HTMLSelectElement).value;
    newKey(form);
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send(form);
  });
}

// The contents are beside the text where there is room, and closed above it where there is none.
const contents = document.querySelector<HTMLDetailsElement>('nav > details');
const narrow = matchMedia('(width < 60rem)');
const fold = () => contents?.toggleAttribute('open', !narrow.matches);
narrow.addEventListener('change', fold);
fold();

/** The same key again would be the same request. */
function newKey(form: HTMLFormElement): void {
  const key = form.querySelector<HTMLInputElement>('[name=Idempotency-Key]');
  if (key) key.value = crypto.randomUUID();
}

type Request = { path: string; headers: Record<string, string>; body?: string };

async function send(form: HTMLFormElement): Promise<void> {
  const { service = '', method = 'GET' } = form.dataset;
  const merchant = new FormData(sender ?? undefined).get('merchant');
  const shown = form.querySelector('.answer') as HTMLElement;
  const { path, headers, body } = requestOf(form);
  shown.replaceChildren(element('p', 'Sent, and not answered yet.'));
  const sentAt = performance.now();
  try {
    const response = await fetch(`/docs/send/${service}${path}`, {
      method,
      // The same path is another merchant's as well.
      cache: 'no-store',
      headers: { ...headers, 'Fanfold-Merchant': String(merchant ?? '') },
      ...(body !== undefined && { body }),
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    const milliseconds = Math.round(performance.now() - sentAt);
    const type = response.headers.get('content-type') ?? '';
    const text = /json|^text\//.test(type)
      ? new TextDecoder().decode(bytes)
      : `${bytes.length} bytes of ${type || 'no type'}`;
    shown.replaceChildren(
      element('p', `${response.status} ${response.statusText}, after ${milliseconds} ms`, 'status'),
      ...(response.ok ? followUps(form, text) : []),
      block(/json/.test(type) ? JSON.stringify(JSON.parse(text), null, 2) : text),
      folded('Headers', [...response.headers].map(([name, value]) => `${name}: ${value}`).join('\n')),
      folded('The request for a shell', commandOf(form, String(merchant ?? ''))),
    );
  } catch (error) {
    shown.replaceChildren(
      element('p', `Not answered (${(error as Error).message}). Does the stack still run?`),
    );
  }
}

function requestOf(form: HTMLFormElement): Request {
  let path = form.dataset.path ?? '';
  const query = new URLSearchParams();
  const headers: Record<string, string> = {};
  for (const input of form.querySelectorAll<HTMLInputElement>('input[data-in]')) {
    const { name, value } = input;
    if (input.dataset.in === 'path')
      path = path.replace(`{${name}}`, encodeURIComponent(value).replaceAll('%2F', '/'));
    else if (value === '') continue;
    else if (input.dataset.in === 'query') query.set(name, value);
    else headers[name] = value;
  }
  const body = form.querySelector('textarea');
  if (body?.value) headers['Content-Type'] = body.dataset.type ?? '';
  return {
    path: query.size > 0 ? `${path}?${query}` : path,
    headers,
    ...(body?.value && { body: body.value }),
  };
}

function commandOf(form: HTMLFormElement, merchant: string): string {
  const { path, headers, body } = requestOf(form);
  const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
  const token = `${document.body.dataset.tokenCommand} --merchant ${quoted(merchant)}`;
  return [
    `curl -sS -X ${form.dataset.method} ${quoted(`${form.dataset.url}${path}`)}`,
    ...(merchant === '' ? [] : [`-H "Authorization: Bearer $(${token})"`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`),
    ...(body === undefined ? [] : [`-d ${quoted(body)}`]),
  ].join(' \\\n  ');
}

/** A button for each operation that goes on from the answer, by the links of the document. */
function followUps(form: HTMLFormElement, text: string): HTMLElement[] {
  const links: Link[] = JSON.parse(form.dataset.links ?? '[]');
  const buttons = links.flatMap(({ operationId, parameters }) => {
    const heading = document.getElementById(`${form.dataset.service}/${operationId}`);
    const next = heading?.closest('article')?.querySelector<HTMLFormElement>('.try form');
    const values = Object.entries(parameters).map(
      ([name, expression]) => [name, valueAt(expression, text)] as const,
    );
    if (!heading || !next || values.some(([, value]) => value === undefined)) return [];
    const button = element('button', `${operationId} with ${values.map(([name]) => name).join(', ')}`);
    button.setAttribute('type', 'button');
    button.addEventListener('click', () => {
      for (const [name, value] of values) {
        const input = next.querySelector<HTMLInputElement>(`[name="${name}"]`);
        if (input) input.value = String(value);
      }
      newKey(next);
      next.closest('details')?.setAttribute('open', '');
      history.pushState(null, '', `#${heading.id}`);
      heading.scrollIntoView();
      next.querySelector('button')?.focus({ preventScroll: true });
    });
    return [button];
  });
  if (buttons.length === 0) return [];
  const group = element('p', 'Go on with ', 'follow-ups');
  group.append(...buttons);
  return [group];
}

/** What a runtime expression such as `$response.body#/data/0/id` stands for. */
function valueAt(expression: string, text: string): unknown {
  const keys = expression.replace('$response.body#/', '').split('/');
  let value: unknown = JSON.parse(text);
  for (const key of keys) value = (value as Record<string, unknown> | undefined)?.[key];
  return value;
}

function element(name: string, text: string, className = ''): HTMLElement {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function block(text: string): HTMLElement {
  const pre = document.createElement('pre');
  pre.append(element('code', text));
  return pre;
}

function folded(title: string, text: string): HTMLElement {
  const details = document.createElement('details');
  details.append(element('summary', title), block(text));
  return details;
}

export {};

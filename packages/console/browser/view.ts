import { html, type TemplateResult } from 'lit-html';
import { changed } from './render.ts';

/** A view, at a path of its own. What it is filtered by is in the query of its address. */
export type View = {
  path: string;
  title: string;
  show(query: URLSearchParams): TemplateResult;
  /** It is shown from now on, or its address has changed. */
  opened?(query: URLSearchParams): void;
  closed?(): void;
};

/** Goes to an address of the console. */
export function go(address: string, how: 'pushState' | 'replaceState' = 'pushState'): void {
  history[how](null, '', address);
  dispatchEvent(new PopStateEvent('popstate'));
}

/** Sets filters in the address of the view that is shown; what is empty is left out. */
export function setQuery(changes: Record<string, string>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === '') query.delete(name);
    else query.set(name, value);
  }
  go(addressOf(location.pathname, query), 'replaceState');
}

export const addressOf = (path: string, query: URLSearchParams | Record<string, string>): string => {
  const text = new URLSearchParams(query).toString();
  return text === '' ? path : `${path}?${text}`;
};

/** Something that was asked for, from the first click to its end. */
export type Doing = { state: 'idle' | 'running' | 'done' | 'failed'; sentence: string };

export const idle = (): Doing => ({ state: 'idle', sentence: '' });

/** Does something once at a time, and shows what came of it. */
export async function perform(doing: Doing, work: () => Promise<string>): Promise<void> {
  if (doing.state === 'running') return;
  Object.assign(doing, { state: 'running', sentence: '' });
  changed();
  try {
    Object.assign(doing, { sentence: await work(), state: 'done' });
  } catch (error) {
    Object.assign(doing, { sentence: (error as Error).message, state: 'failed' });
  }
  changed();
}

/** What came of something that was asked for. */
export const outcomeOf = ({ state, sentence }: Doing): TemplateResult =>
  html`<p role="status" class=${state}>${state === 'running' ? 'Asked for…' : sentence}</p>`;

import { html, type TemplateResult } from 'lit-html';
import { addressOf, type Doing, go, idle, outcomeOf, perform } from './view.ts';

/** What is found under the id, and of the merchant, in the address of a view. */
export type Lookup<Found> = {
  found: Found | undefined;
  doing: Doing;
  /** Looks for it, unless that is what was looked for last. */
  load(query: URLSearchParams): void;
  /** Looks for the same again; what was found stays meanwhile. */
  again(): Promise<void>;
  /** What is looked for next is looked for, whatever it is. */
  forget(): void;
};

/** @param whenFound what else is to be looked for then */
export function lookup<Found>(
  find: (id: string, merchant: string) => Promise<Found>,
  whenFound: () => void = () => {},
): Lookup<Found> {
  let asked: { id: string; merchant: string } | undefined;
  const looked: Lookup<Found> = {
    found: undefined,
    doing: idle(),
    load(query) {
      const [id, merchant] = [query.get('id') ?? '', query.get('merchant') ?? ''];
      if (id === asked?.id && merchant === asked.merchant) return;
      asked = { id, merchant };
      looked.found = undefined;
      looked.doing = idle();
      void looked.again();
    },
    async again() {
      if (!asked || asked.id === '') return;
      const { id, merchant } = asked;
      const doing = idle();
      looked.doing = doing;
      await perform(doing, async () => {
        const answer = await find(id, merchant);
        // Another one may have been asked for meanwhile.
        if (looked.doing !== doing) return '';
        looked.found = answer;
        whenFound();
        return '';
      });
    },
    forget() {
      asked = undefined;
    },
  };
  return looked;
}

/** What is looked for: an id, and whose it is. */
export function searchForm(
  { path, label, verb }: { path: string; label: string; verb: string },
  { forget, doing }: Lookup<unknown>,
  query: URLSearchParams,
): TemplateResult {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const data = new FormData(event.target as HTMLFormElement);
    const [id, merchant] = ['id', 'merchant'].map((name) => String(data.get(name) ?? '').trim());
    forget();
    go(addressOf(path, { ...(id && { id }), ...(merchant && { merchant }) }));
  };
  return html`<form class="bar" role="search" @submit=${submit}>
      <label class="wide">
        ${label}
        <input name="id" required maxlength="160" .value=${query.get('id') ?? ''} />
      </label>
      <label>Merchant<input name="merchant" maxlength="64" .value=${query.get('merchant') ?? ''} /></label>
      <button>${verb}</button>
    </form>
    ${outcomeOf(doing.state === 'running' ? { ...doing, sentence: 'Looking for it…' } : doing)}`;
}

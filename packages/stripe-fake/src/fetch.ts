import type { StripeFake } from './stripeFake.ts';

/** `fetch` as it is where only the fake can be reached. */
export const fetchFrom =
  (fake: StripeFake): typeof fetch =>
  async (input, { method = 'GET', headers, body } = {}) => {
    const { pathname, search } = new URL(String(input));
    const answer = fake.answer({
      method,
      path: pathname + search,
      headers: Object.fromEntries(new Headers(headers)),
      body: String(body ?? ''),
    });
    if (!answer) throw new TypeError('fetch failed');
    return new Response(answer.body, answer);
  };

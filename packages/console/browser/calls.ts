import type { Answers, Asked, Call } from '../src/api.ts';

// What the page asks its server. Each request has the token in a header, which no page of another origin can set.

const kept = 'fanfold-console-token';

/** Takes the token out of the address, where it is after the console was opened, and keeps it for other views and tabs. */
export function takeToken(): void {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given === null) return;
  localStorage.setItem(kept, given);
  history.replaceState(null, '', location.pathname + location.search);
}

export const authorization = () => ({ authorization: `Bearer ${localStorage.getItem(kept) ?? ''}` });

/** The console was started anew since it was opened here, or never opened here. */
export class NotLetIn extends Error {}

/** @throws Error whose message is a sentence for people */
export async function call<Name extends Call>(name: Name, asked: Asked<Name>): Promise<Answers[Name]> {
  const response = await fetch(`/console/call/${name}`, {
    method: 'POST',
    headers: { ...authorization(), 'content-type': 'application/json' },
    body: JSON.stringify(asked),
  }).catch(() => {
    throw new Error(
      'The console does not answer: its process has ended. Start it again, and reload this page.',
    );
  });
  const answer = (await response.json()) as Answers[Name] & { message: string };
  if (response.ok) return answer;
  throw response.status === 401 ? new NotLetIn(answer.message) : new Error(answer.message);
}

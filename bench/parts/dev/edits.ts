import { setTimeout as delay } from 'node:timers/promises';
import { type Checkout, git } from '../../../scripts/checkout.ts';

/** How long edited code may take until it answers. */
const withinMs = 180_000;

/** How often it is asked: seldom enough to leave the processor to what reloads. */
const everyMs = 50;

type Answer = { header: string | null; detail: unknown };

/** A way to change code so that an answer shows it. */
export type Edit = {
  path: string;
  change(text: string, n: number): string;
  isSeen(answer: Answer, n: number): boolean;
};

const header = 'x-edited';

/** A handler: its answers get a header. */
export const handlerEdit: Edit = {
  path: 'services/payments/src/functions/listPayments.ts',
  change(text, n) {
    const before = 'export const handler =';
    if (!text.includes(before))
      throw new Error(`${this.path} does not have what is to be changed: ${before}`);
    return `${text.replace(before, 'const unedited =')}
export const handler = async (...given: Parameters<typeof unedited>) => {
  const answer = Object(await unedited(...given));
  return { ...answer, headers: { ...answer.headers, '${header}': '${n}' } };
};
`;
  },
  isSeen: (answer, n) => answer.header === String(n),
};

/**
 * What all services share: the sentence that a request without a token is answered with, wherever in `packages` it stands.
 *
 * @throws when it does not stand in one place
 */
export async function sharedEdit({ folder }: Checkout, payments: string): Promise<Edit> {
  const { detail } = await ask(payments);
  const sentence = String(detail);
  const found = git(
    folder,
    'grep',
    '--files-with-matches',
    '--fixed-strings',
    '-e',
    sentence,
    '--',
    'packages/*/src/*.ts',
  );
  const [path, ...others] = found
    .trim()
    .split('\n')
    .filter((file) => !file.endsWith('.test.ts'));
  if (path === undefined || others.length > 0) throw new Error(`Not once in packages: ${sentence}`);
  const edited = (n: number) => `${sentence} Edited ${n} times.`;
  return {
    path,
    change: (text, n) => text.replace(sentence, () => edited(n)),
    isSeen: (answer, n) => answer.detail === edited(n),
  };
}

/**
 * Seconds from each edit until an answer shows it. The file is as before in the end, and so are answers.
 *
 * @param payments base URL of the service
 */
export async function timeEdits(
  checkout: Checkout,
  payments: string,
  edit: Edit,
  times: number,
): Promise<number[]> {
  const text = await checkout.read(edit.path);
  const seconds: number[] = [];
  for (let n = 1; n <= times; n++) {
    const editedAt = performance.now();
    await checkout.write(edit.path, edit.change(text, n));
    await until(payments, (answer) => edit.isSeen(answer, n));
    seconds.push((performance.now() - editedAt) / 1000);
  }
  await checkout.write(edit.path, text);
  await until(payments, (answer) => !edit.isSeen(answer, times));
  return seconds;
}

async function until(payments: string, isSeen: (answer: Answer) => boolean): Promise<void> {
  const end = performance.now() + withinMs;
  let cause: unknown;
  while (performance.now() < end) {
    try {
      if (isSeen(await ask(payments))) return;
    } catch (error) {
      cause = error; // It may be refused while it reloads.
    }
    await delay(everyMs);
  }
  throw new Error(`What was edited is not in answers after ${withinMs / 1000} s`, { cause });
}

/** Asks without a token, which reaches the function and no table. */
async function ask(payments: string): Promise<Answer> {
  const response = await fetch(`${payments}/payments`);
  const body = (await response.json()) as { detail?: unknown };
  return { header: response.headers.get(header), detail: body.detail };
}

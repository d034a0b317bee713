import { catalog, type EventType } from './catalog.ts';
import { bytesIn, eventId, identifier, maxEventBytes, maxLength, merchantId } from './event.ts';

// What keeps a text from being an event. It runs in browsers too.

/** What is wrong, and where: a JSON Pointer (https://www.rfc-editor.org/rfc/rfc6901), empty for the whole. */
export type Problem = { pointer: string; detail: string };

/** The type of event that a text names, if it is one of the catalog. */
export function typeNamedIn(text: string): EventType | undefined {
  const { type } = Object(parsed(text)) as { type?: unknown };
  return typeof type === 'string' && Object.hasOwn(catalog, type) ? (type as EventType) : undefined;
}

/** What keeps a text from being an event of its type: all of it, where a consumer stops at the first. */
export function problemsOf(text: string): Problem[] {
  try {
    JSON.parse(text);
  } catch (error) {
    return [{ pointer: '', detail: `It is not JSON: ${(error as Error).message}` }];
  }
  const type = typeNamedIn(text);
  if (type === undefined) return [{ pointer: '/type', detail: 'It is no type of event that is known here.' }];
  const bytes = bytesIn(text);
  const { error } = catalog[type].schema.safeParse(parsed(text));
  return [
    ...(bytes > maxEventBytes
      ? [{ pointer: '', detail: `It has ${bytes} bytes; an event may have ${maxEventBytes}.` }]
      : []),
    ...(error?.issues ?? []).map(({ path, message }) => ({
      pointer: path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join(''),
      detail: message,
    })),
  ];
}

/**
 * What keeps a text from being sent instead of another one. It has to be an event, and another one than it was; and where the
 * original has an id and a merchant by which it could be handled, those stay: consumers handle an id once, so the two can
 * never both take effect. So do the payment and the refund that it names: another one's would be handled as that one's own.
 */
export function problemsOfEdit(original: string, edited: string): Problem[] {
  const problems = problemsOf(edited);
  const [before, after] = [original, edited].map(
    (text) => Object(parsed(text)) as Record<string, unknown>,
  ) as [Record<string, unknown>, Record<string, unknown>];
  if (problems.length === 0 && JSON.stringify(parsed(original)) === JSON.stringify(parsed(edited))) {
    problems.push({ pointer: '', detail: 'It is what it was: redrive it instead.' });
  }
  if (merchantId.safeParse(before.merchantid).success && after.merchantid !== before.merchantid) {
    problems.push({ pointer: '/merchantid', detail: `It has to stay ${before.merchantid}.` });
  }
  if (isOwnId(before) && after.id !== before.id) {
    problems.push({
      pointer: '/id',
      detail: `It has to stay ${before.id}: a consumer handles an id once, and so never both.`,
    });
  }
  for (const [pointer, named] of namedObjects) {
    const [was, is] = [named(before), named(after)];
    if (anyId.safeParse(was).success && is !== was) {
      problems.push({
        pointer,
        detail: `It has to stay ${was}: an edit never moves an event to another one.`,
      });
    }
  }
  return problems;
}

/** What an event's data is about, by an id that an edit must keep. */
const namedObjects: [pointer: string, named: (event: Record<string, unknown>) => unknown][] = [
  ['/data/paymentId', ({ data }) => Object(data).paymentId],
  ['/data/refund/id', ({ data }) => Object(Object(data).refund).id],
];

const anyId = identifier(maxLength.eventId);

const isOwnId = ({ id, subject, sequence }: Record<string, unknown>): boolean =>
  anyId.safeParse(id).success && id === eventId(String(subject), Number(sequence));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

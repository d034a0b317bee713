import { formatAmount, isCurrency } from '@fanfold/contracts/currency';
import { html, type TemplateResult } from 'lit-html';
import { addressOf } from './view.ts';

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const day = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' });

/** A time in the reader's zone, and in UTC for who asks; with its day unless it is today's. */
export function time(text: string): TemplateResult {
  const at = new Date(text);
  const isToday = at.toDateString() === new Date().toDateString();
  return html`<time datetime=${text} title=${text}>${isToday ? '' : `${day.format(at)}, `}${clock.format(at)}</time>`;
}

/** The id of an event, or of anything else that has one, with the way to its flow. */
export const eventLink = (id: string, merchant: string): TemplateResult =>
  html`<a href=${addressOf('/trace', { id, ...(merchant && { merchant }) })}><code>${id}</code></a>`;

const units: [seconds: number, unit: string][] = [
  [86_400, 'd'],
  [3_600, 'h'],
  [60, 'min'],
  [1, 's'],
];

/** How long ago something was, in its largest unit, such as `3 min`. */
export function age(since: string): string {
  const seconds = Math.max(0, (Date.now() - Date.parse(since)) / 1000);
  const [size, unit] = units.find(([size]) => seconds >= size) ?? [1, 's'];
  return `${Math.floor(seconds / size).toLocaleString()} ${unit}`;
}

export const count = (number: number): string => number.toLocaleString();

/** An amount with its currency; of a currency that is not known here, its minor units. */
export const amount = (minor: number, currency: string): string =>
  isCurrency(currency) ? formatAmount(minor, currency) : `${count(minor)} minor units of ${currency}`;

/** What the data of an event say that it is worth, if anything. */
export function worthOf(data: unknown): string {
  const {
    currency,
    refund,
    totals,
    amountCaptured,
    amount: asked,
  } = Object(data) as {
    currency?: unknown;
    refund?: { amount?: unknown };
    totals?: { gross?: unknown };
    amountCaptured?: unknown;
    amount?: unknown;
  };
  const worth = [refund?.amount, totals?.gross, amountCaptured, asked].find(Number.isInteger);
  return typeof currency === 'string' && worth !== undefined ? amount(worth as number, currency) : '';
}

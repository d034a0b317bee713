import type { Trace } from '@fanfold/contracts/event';
import { putOnce } from '@fanfold/runtime/putOnce';
import { tableName } from './tables.ts';

/** A number that two documents of a merchant have. */
export type NumberTwice = {
  merchantId: string;
  number: string;
  /** The documents in the order of the log. Only the second one when nothing says which the first was. */
  documents: string[];
  foundAt: string;
  trace: Trace;
};

export type NumberTwiceItem = {
  /** `finding:<merchant>`, as the stream's filter for findings has it. */
  pk: string;
  /** The number and the second document: each time that it is given again is a finding of its own. */
  sk: string;
  numberTwice: NumberTwice;
};

/**
 * Writes a finding, unless it is there. Its event can be read whatever it has: number and documents are from events that
 * were read. So the schemas need not be in the bundle of whoever writes it.
 */
export async function saveNumberTwice(numberTwice: NumberTwice): Promise<void> {
  const { merchantId, number, documents } = numberTwice;
  const item: NumberTwiceItem = {
    pk: `finding:${merchantId}`,
    sk: `${number}#${documents.at(-1)}`,
    numberTwice,
  };
  await putOnce(tableName(), item);
}

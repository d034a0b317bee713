import type { Place } from '../../aws/places.ts';
import type { DeadLetter } from './deadLetter.ts';

/** Which dead letters an operator means: those with these ids, or those that fit all of the rest. */
export type Selection = {
  ids?: string[];
  /** That the ids are of those that were seen some time before: what is not there any more is left out. */
  asSeen?: true;
  /** A service, or the name of a queue or bucket. */
  queue?: string;
  cause?: string;
  type?: string;
  merchant?: string;
};

/** Whether an id means a dead letter: its own, or the one in its consumer's log. */
export const hasId = ({ messageId, sourceMessageId }: DeadLetter, id: string): boolean =>
  id === messageId || id === sourceMessageId;

export const isAt = (place: Place, queue?: string): boolean =>
  queue === undefined || queue === place.service || queue === place.name;

export function isSelected(
  deadLetter: DeadLetter,
  { ids, queue, cause, type, merchant }: Selection,
): boolean {
  return (
    (ids?.some((id) => hasId(deadLetter, id)) ?? true) &&
    isAt(deadLetter.place, queue) &&
    (cause === undefined || cause === deadLetter.cause) &&
    (type === undefined || type === deadLetter.type) &&
    (merchant === undefined || merchant === deadLetter.merchantId)
  );
}

/** Whether it means every dead letter of a stage. */
export const isAll = (selection: Selection): boolean => Object.keys(selection).length === 0;

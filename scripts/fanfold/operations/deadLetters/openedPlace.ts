import type { Event } from '@fanfold/contracts/event';
import type { Place } from '../../aws/places.ts';
import type { DeadLetter } from './deadLetter.ts';

/** Why each of those that something could not be done with was left. */
export type Failures = Map<DeadLetter, string>;

/** A place of dead letters that is being looked at: what lies there is held until it is released. */
export type OpenedPlace = {
  place: Place;
  deadLetters: DeadLetter[];
  /** How many of its dead letters are in somebody else's hands. */
  heldByOthers: number;
  /** Whether there may be more than could be looked at. */
  hasMore: boolean;
  /**
   * What gives dead letters, ten at most, to whom they were meant for, and takes away those that arrived.
   *
   * @param edited an event that is sent instead of the one dead letter that is given
   * @throws when there is nobody to give them to
   */
  redriver(edited?: Event): Promise<(deadLetters: DeadLetter[], operationId: string) => Promise<Failures>>;
  /** Puts dead letters aside, with a reason, or without one back among the others. They stay at this place. */
  putAside(deadLetters: DeadLetter[], reason: string | null): Promise<Failures>;
  discard(deadLetters: DeadLetter[]): Promise<Failures>;
  release(): Promise<void>;
};

import { randomUUID } from 'node:crypto';
import type { Answers, Asked, LiveMessage, Operation } from '@fanfold/console/api';
import { Refused } from '@fanfold/console/server';
import { problemsOf } from '@fanfold/contracts/problems';
import { cloudOf } from '../aws/cloud.ts';
import type { StagePlace } from '../commandFor.ts';
import { messageOf } from '../errors.ts';
import type { DeadLetter } from '../operations/deadLetters/deadLetter.ts';
import { actOnDeadLetters, findDeadLetters } from '../operations/deadLetters/deadLetters.ts';
import { mayBeEdited } from '../operations/deadLetters/edit.ts';
import { groupsOf } from '../operations/deadLetters/groups.ts';
import type { Selection } from '../operations/deadLetters/selection.ts';
import { refusalOf } from './troubles.ts';

/** Dead letters as they were seen, by group, the oldest first. */
type Seen = { groups: DeadLetter[][]; all: DeadLetter[] };

/** More looks, and more operations, are not remembered. */
const maxLooks = 4;
const maxOperations = 50;
/** Of an operation, the rest is counted. */
const maxFailuresShown = 20;

/** @param tellAll tells every page that is open */
export function deadLettersOf(place: StagePlace, tellAll: (message: LiveMessage) => void) {
  const looks = new Map<string, Seen>();
  let operations: Operation[] = [];
  let count = 0;
  /** What is being acted on, by what was chosen: a second click finds it here. */
  const acting = new Set<string>();

  const tell = () => tellAll({ operations });

  function seen(lookId: string): Seen {
    const look = looks.get(lookId);
    if (look) return look;
    throw new Refused('That look is too long ago, and is not remembered any more. Look again.', 404);
  }

  function messageOfLook(lookId: string, messageId: string): DeadLetter {
    const found = seen(lookId).all.find((each) => each.messageId === messageId);
    if (found) return found;
    throw new Refused(`No dead letter ${messageId} was seen. Look again.`, 404);
  }

  async function look(): Promise<Answers['lookAtDeadLetters']> {
    const found = await findDeadLetters(await cloudOf(place), {}, new AbortController().signal);
    const all = found.deadLetters.toSorted((a, b) => (a.since < b.since ? -1 : a.since > b.since ? 1 : 0));
    const groups = groupsOf(all);
    const keyOf = (queue: string, cause: string, isAside: boolean) => JSON.stringify([queue, cause, isAside]);
    const membersOf = new Map(
      groups.map(({ queue, cause, isAside }) => [keyOf(queue, cause, isAside), [] as DeadLetter[]]),
    );
    for (const each of all)
      membersOf.get(keyOf(each.place.name, each.cause, each.aside !== null))?.push(each);
    const members = [...membersOf.values()];
    const lookId = randomUUID();
    looks.set(lookId, { groups: members, all });
    for (const old of [...looks.keys()].slice(0, -maxLooks)) looks.delete(old);
    return {
      lookId,
      seenAt: new Date().toISOString(),
      total: all.length,
      groups: groups.map(({ examples: _, ...group }, i) => ({
        ...group,
        service: members[i]?.[0]?.place.service ?? '',
      })),
      unseen: found.unseen,
    };
  }

  function chosenOf({ lookId, chosen, count }: Asked<'actOnDeadLetters'>): {
    what: string;
    selection: Selection;
  } {
    if ('messageId' in chosen) {
      const { messageId } = messageOfLook(lookId, chosen.messageId);
      return { what: messageId, selection: { ids: [messageId], asSeen: true } };
    }
    const { groups, all } = seen(lookId);
    const members =
      'all' in chosen ? all.filter(({ aside }) => aside === null) : (groups[chosen.group] ?? []);
    const [first] = members;
    if (!first)
      throw new Refused(
        'Nothing is chosen: there is no such group, or all of them are put aside. Look again.',
        404,
      );
    const ids = members.slice(0, count ?? undefined).map(({ messageId }) => messageId);
    const part = ids.length < members.length ? `the ${ids.length} oldest of ` : '';
    if ('all' in chosen) return { what: `${part}all dead letters`, selection: { ids, asSeen: true } };
    const { place, cause } = first;
    return {
      what: `${part}${place.name}, ${cause}`,
      selection: { ids, queue: place.name, cause, asSeen: true },
    };
  }

  function act(asked: Asked<'actOnDeadLetters'>): Answers['actOnDeadLetters'] {
    const { action, ratePerSecond, lookId, chosen } = asked;
    if (action.verb === 'edit' && !('messageId' in chosen)) {
      throw new Refused('One dead letter is edited at a time.', 400);
    }
    const { what, selection } = chosenOf(asked);
    const key = JSON.stringify([lookId, chosen]);
    if (acting.has(key)) throw new Refused('That is being done already: see below how far it is.');
    acting.add(key);
    count += 1;
    const operation: Operation = {
      number: count,
      verb: action.verb,
      what,
      startedAt: new Date().toISOString(),
      state: 'looking',
      total: selection.ids?.length ?? 0,
      done: 0,
      failed: [],
      failedCount: 0,
      goneCount: 0,
      operationId: null,
      sentence: '',
    };
    operations = [operation, ...operations].slice(0, maxOperations);
    tell();
    void run(operation, action, selection, ratePerSecond).finally(() => {
      acting.delete(key);
      tell();
    });
    return { number: operation.number };
  }

  async function run(
    operation: Operation,
    action: Asked<'actOnDeadLetters'>['action'],
    selection: Selection,
    ratePerSecond: number,
  ): Promise<void> {
    const asked = operation.total;
    try {
      const { signal } = new AbortController();
      for await (const acted of actOnDeadLetters(await cloudOf(place), action, selection, {
        ratePerSecond,
        signal,
      })) {
        Object.assign(operation, {
          state: 'running',
          operationId: acted.operationId,
          total: acted.total,
          done: acted.done.length,
          failed: acted.failed.slice(0, maxFailuresShown),
          failedCount: acted.failed.length,
          goneCount: asked - acted.total,
        });
        tell();
      }
      operation.state = operation.failedCount > 0 ? 'failed' : 'done';
    } catch (error) {
      Object.assign(operation, { state: 'failed', sentence: refusalOf(error) ?? messageOf(error) });
    }
  }

  return {
    look,
    act,
    /** What a page that opens is told. */
    told: (): LiveMessage => ({ operations }),
    page({ lookId, group, from, limit }: Asked<'deadLettersOf'>): Answers['deadLettersOf'] {
      return { messages: (seen(lookId).groups[group] ?? []).slice(from, from + limit).map(rowOf) };
    },
    show({ lookId, messageId }: Asked<'deadLetter'>): Answers['deadLetter'] {
      const deadLetter = messageOfLook(lookId, messageId);
      const { place, cause, sourceMessageId, attributes, body } = deadLetter;
      return {
        ...rowOf(deadLetter),
        queue: place.name,
        service: place.service,
        cause,
        sourceMessageId,
        attributes: Object.fromEntries(
          Object.entries(attributes).map(([name, { StringValue, DataType }]) => [
            name,
            StringValue ?? `(${DataType})`,
          ]),
        ),
        body,
        isEditable: mayBeEdited(place),
        problems: place.kind === 'stream' ? [] : problemsOf(body),
      };
    },
  };
}

const rowOf = ({ messageId, since, detail, aside, id, type, subject, merchantId }: DeadLetter) => ({
  messageId,
  since,
  detail,
  aside,
  id,
  type,
  subject,
  merchantId,
});

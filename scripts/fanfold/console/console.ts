import { newToken } from '@fanfold/console/address';
import type { EventSchema } from '@fanfold/console/api';
import { type Console, Refused } from '@fanfold/console/server';
import { catalog, type EventType } from '@fanfold/contracts/catalog';
import { ownerOf } from '@fanfold/contracts/event';
import { jsonSchemaOf } from '@fanfold/description/jsonSchema';
import { InvalidArgumentError } from 'commander';
import { type Cloud, cloudOf } from '../aws/cloud.ts';
import { stageLog } from '../aws/stageLog.ts';
import type { StagePlace } from '../commandFor.ts';
import * as parse from '../commands/arguments.ts';
import { requirePastDay } from '../commands/past.ts';
import { CommandError, messageOf } from '../errors.ts';
import { sectionsOf } from '../operations/findingSections.ts';
import { findingsOf, isAnythingIn } from '../operations/findings.ts';
import { logKeysOf, proofOf } from '../operations/proofs.ts';
import { switchTriggers } from '../operations/triggers.ts';
import { deadLettersOf } from './deadLetters.ts';
import { pay, payable } from './paying.ts';
import { paymentsOf } from './payments.ts';
import { merchantOf, traced } from './tracing.ts';
import { refusalOf } from './troubles.ts';
import { rhythmOf, type Topic, watching } from './watching.ts';

/** @returns null when there is no such type of event */
const schemaOf = (type: string): EventSchema | null =>
  Object.hasOwn(catalog, type)
    ? (jsonSchemaOf(type, catalog[type as EventType].schema, { for: 'answer' }) as EventSchema)
    : null;

/** A bundle of entries has some 100 KB. */
const maxLogFileBytes = 20_000_000;

/**
 * The console of a stage: the same operations as the commands, behind a page.
 *
 * @param topic SNS, if this process can take it away
 * @param token what lets the page in
 */
export function consoleOf(
  place: StagePlace,
  { topic, token = newToken() }: { topic?: Topic; token?: string } = {},
): Console {
  const isLocal = place.stage === 'local';
  const { watch, refresh } = watching(place, topic);
  const payments = paymentsOf(place);
  const pages = new Set<Parameters<Console['watch']>[0]>();
  const deadLetters = deadLettersOf(place, (message) => {
    for (const tell of pages) tell(message);
  });

  /** @throws Refused when something is for a laptop only */
  function requireLaptop(): void {
    if (isLocal) return;
    throw new Refused(`Only on a laptop: ${place.stage} is in AWS, where it would be real.`, 403);
  }

  return {
    token,
    fileAt: payments.fileAt,
    watch(tell, merchantId) {
      pages.add(tell);
      tell(deadLetters.told());
      const stop = watch(tell, merchantId);
      return () => {
        pages.delete(tell);
        stop();
      };
    },
    calls: {
      place: () =>
        withCloud(place, async ({ stage, region, account, operator }) => ({
          stage,
          region,
          account,
          operator,
          payable: isLocal ? await payable() : [],
          isLocal,
          hasTopicSwitch: topic !== undefined,
          merchant: isLocal ? parse.localMerchant : null,
          callsPerSecond: rhythmOf(stage).callsPerSecond,
        })),
      async pay({ merchant, what }) {
        requireLaptop();
        return pay({ merchant: parsed('merchant', parse.merchant, merchant), what });
      },
      async switchTrigger({ service, functionKey, kind, on }) {
        requireLaptop();
        const { operationId } = await withCloud(place, (cloud) =>
          switchTriggers(cloud, { on, services: [service], only: { functionKey, kind } }),
        );
        refresh();
        return { operationId };
      },
      async switchTopic({ on }) {
        requireLaptop();
        if (!topic) {
          throw new Refused(
            'Only the console of `pnpm dev` can take SNS away: this one does not run it.',
            403,
          );
        }
        topic.isAvailable = on;
        refresh();
        return { on };
      },
      eventSchema: async ({ type }) => ({ schema: schemaOf(type) }),
      async findings({ date, merchant }) {
        const now = new Date();
        const asked = {
          date: date === '' ? undefined : parsed('date', parse.date, date),
          merchantId: merchant === '' ? undefined : parsed('merchant', parse.merchant, merchant),
        };
        return withCloud(place, async (cloud) => {
          if (asked.date !== undefined) requirePastDay(asked.date, now);
          const found = await findingsOf(cloud, asked, now);
          return { from: found.from, isAnything: isAnythingIn(found), sections: sectionsOf(cloud, found) };
        });
      },
      proof: async ({ merchant, event }) => {
        const id = parsed('event', parse.identifier, event);
        const owner = ownerOf(id) ?? parsed('merchant', parse.merchant, merchant);
        return withCloud(place, async (cloud) => ({ file: await proofOf(cloud, owner, id) }));
      },
      logKeys: () => withCloud(place, logKeysOf),
      logFile: ({ path }) =>
        withCloud(place, async (cloud) => {
          const bytes = await stageLog(cloud).read(path, maxLogFileBytes);
          return { base64: bytes ? Buffer.from(bytes).toString('base64') : null };
        }),
      lookAtDeadLetters: () => refusing(deadLetters.look),
      deadLettersOf: async (asked) => deadLetters.page(asked),
      deadLetter: async (asked) => deadLetters.show(asked),
      async actOnDeadLetters(asked) {
        if ('reason' in asked.action) parsed('reason', parse.sentence, asked.action.reason);
        return deadLetters.act(asked);
      },
      trace: ({ id, merchant }) =>
        refusing(() =>
          traced(place, { id: parsed('id', parse.reference, id), merchant: maybeMerchant(merchant) }),
        ),
      payment: ({ id, merchant }) =>
        refusing(() =>
          payments.show(
            { id: parsed('id', parse.reference, id), merchant },
            merchantOf(place, maybeMerchant(merchant)),
          ),
        ),
      documentFile: ({ merchant, ...asked }) =>
        refusing(() => payments.file({ ...asked, merchant }, merchantOf(place, maybeMerchant(merchant)))),
    },
  };
}

/** @throws Refused for what a command would not take for its argument */
function parsed<Value>(name: string, parse: (text: string) => Value, text: string): Value {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof InvalidArgumentError) throw new Refused(`${name}: ${error.message}`, 400);
    throw error;
  }
}

/** @throws Refused for what no merchant's id can be; nothing is as good as none */
const maybeMerchant = (merchant: string): string =>
  merchant === '' ? '' : parsed('merchant', parse.merchant, merchant);

/** Does something in a stage, as commands do: with what it is reached by now. */
const withCloud = <Result>(place: StagePlace, work: (cloud: Cloud) => Promise<Result>): Promise<Result> =>
  refusing(async () => work(await cloudOf(place)));

/** @throws Refused when an operation itself says why not, or AWS does not let the operator */
async function refusing<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError) throw new Refused(messageOf(error));
    const refused = refusalOf(error);
    throw refused ? new Refused(`That cannot be done: ${refused}`, 502) : error;
  }
}

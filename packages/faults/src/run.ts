import { type Fate, type Fault, fateOf, nothingBreaks, type Place } from './faults.ts';
import { cosigningBreaches, logBreaches } from './log.ts';
import { Merchant } from './merchant.ts';
import {
  breachesOf,
  changesByReplay,
  deadLetterBreaches,
  leaksIn,
  observe,
  proofBreachesOf,
  seenBy,
} from './promises.ts';
import { type PutBack, Restores } from './restores.ts';
import { before, isPoisoned, providerOf, stories } from './stories.ts';
import { type Delivery, type Disorder, stripeSecrets, type World } from './world.ts';

/** A story, and everything that goes wrong in it. */
export type Cell = {
  story: string;
  faults: Fault[];
  disorder?: Disorder;
  putBack?: PutBack;
  /** What a story that draws lots draws them from. */
  seed?: number;
};

export type Result = {
  /** What breaks the promises: none when they are kept. */
  breaches: string[];
  /** The faults that struck: all of a cell's, unless the story took another way before. */
  struck: Fault[];
  /** Every attempt at a call and what became of it, until faults stopped. */
  trace: string[];
  places: Place[];
  deliveries: Delivery[];
  /** How many points the story had at which something could be put back. */
  points: number;
  /** Whether the cell put something back. */
  isPutBack: boolean;
  /** What the shops noticed. */
  seen: string[];
};

/**
 * Tells a story while faults strike, lets everything heal and come to rest, and checks the promises; then says and asks
 * everything once more, and checks them again.
 *
 * @param fate in place of the cell's faults
 * @param isOverHttp whether functions' calls go through Node's HTTP client and server
 */
export async function run(
  world: World,
  { story, faults, disorder, putBack, seed = 0 }: Cell,
  { fate = fateOf(faults), isOverHttp = false }: { fate?: Fate; isOverHttp?: boolean } = {},
): Promise<Result> {
  await world.reset();
  const shops = [await Merchant.of('shop-a', world), await Merchant.of('shop-b', world)] as const;
  world.begin(nothingBreaks, undefined, isOverHttp);
  await before[story]?.(world);
  world.begin(fate, disorder, isOverHttp);
  const breaches: string[] = [];
  const restores = new Restores(world, shops, putBack);
  world.onPoint = () => restores.reach();
  try {
    await stories[story]?.(world, ...shops, seed);
    await rest(world, story);
  } catch (error) {
    breaches.push(`V2 ${(error as Error).message}`);
  }
  world.onPoint = undefined;
  breaches.push(...restores.breaches.map((what) => `R ${what}`));
  const { trace, places, struck, retriedWithoutCapacity } = world.network;
  breaches.push(
    ...retriedWithoutCapacity.map((site) => `V6 ${site} is tried again at once, without capacity for it`),
  );
  // Copies: what follows, without faults, is no part of the story.
  const result = {
    trace: [...trace],
    places: [...places],
    struck: [...struck],
    deliveries: world.deliveries(),
    points: restores.points,
    isPutBack: restores.isDone,
  };
  await world.heal();
  const seen: string[] = [];
  try {
    await rest(world, story);
    await publish(world);
    const observed = await observe(world, shops);
    breaches.push(...(await logBreachesOf(world)));
    // Only there is it asked.
    if (story === 'log') breaches.push(...(await cosigningBreachesOf(world, restores.isDone)));
    for (const [shop, observation] of observed) {
      seen.push(...seenBy(observation, shop));
      breaches.push(...breachesOf(observation, shop));
      // Asking for one takes as long as a payment. Where the log is the story, it is worth it.
      breaches.push(...(await proofBreachesOf(world, observation, shop, story === 'log' ? 'all' : 'newest')));
    }
    // What broke already is not worth a replay.
    if (breaches.length === 0) {
      breaches.push(...(await changesByReplay(world, observed)));
      await publish(world);
      breaches.push(...(await logBreachesOf(world)));
    }
    const secrets = [
      ...shops.flatMap((shop) => shop.secrets),
      stripeSecrets.key,
      ...stripeSecrets.webhookSecrets,
    ];
    breaches.push(...leaksIn(world.functions.log, secrets));
    breaches.push(...(await deadLetterBreaches(world, shops[0], isPoisoned(story))));
  } catch (error) {
    breaches.push(`V2 ${(error as Error).stack}`);
  }
  breaches.push(...world.mishaps.map((what) => `V1 ${what}`));
  return { ...result, seen, breaches };
}

/** Until nothing is left to do: queues are empty, lagging ones too, and clocks find nothing that is due. */
async function rest(world: World, story: string): Promise<void> {
  await world.drain();
  if (world.isLagging()) {
    world.clock.advance(5 * 3_600_000);
    await world.drain({ withLagging: true });
  }
  let caughtUp = -1;
  const isBehind = () => providerOf(story) === 'stripe' && world.stripe.events.length > caughtUp;
  for (let run = 0; run < 5 && ((await isDue(world)) || isBehind()); run++) {
    // Longer than the longest pause before a provider that did not tell is asked again.
    world.clock.advance(31 * 60_000);
    await world.run('payments.janitor');
    await world.run('billing.releaseParked');
    if (isBehind()) {
      const { status } = await world.run('payments.catchUp');
      if (status === 'answered') caughtUp = world.stripe.events.length;
    }
    await world.drain({ withLagging: true });
  }
}

const logBreachesOf = async (world: World): Promise<string[]> =>
  logBreaches(world.log, await world.itemsOf('audit'), world.readFile, await world.logKeys());

/** Until a witness that failed is asked again: services/audit/src/cosign/askWitnesses.ts. */
const longestPauseMs = 15 * 60_000;

/** That in the end readers get the whole log with the cosignature of the witness outside, which was never shown another one. */
async function cosigningBreachesOf(world: World, isPutBack: boolean): Promise<string[]> {
  world.clock.advance(longestPauseMs);
  await must(world, 'audit.askWitnesses');
  const outcome = await world.run('audit.getCheckpoint', getCheckpoint);
  const { body = '' } = outcome.status === 'answered' ? (outcome.value as { body?: string }) : {};
  const note = Buffer.from(body, 'base64').toString();
  const refused = world.functions.log.filter((line) => line.includes('"witness refused"'));
  return [
    ...cosigningBreaches(note, world.witness, world.log.published),
    // Files that were put back have less than the witness has seen, until they are published again.
    ...(isPutBack ? [] : refused.map((line) => `I6 a witness refuses a log that is sound: ${line}`)),
  ];
}

const getCheckpoint = {
  version: '2.0',
  headers: {},
  rawPath: '/checkpoint',
  rawQueryString: '',
  requestContext: { http: { method: 'GET', path: '/checkpoint' } },
};

/** Lets the clocks of the log run until its checkpoint covers everything, also what they found, and is witnessed. */
async function publish(world: World): Promise<void> {
  for (let run = 0; run < 5 && !world.log.isWitnessed; run++) {
    world.clock.advance(60_000);
    await must(world, 'audit.publishLog');
    await world.drain({ withLagging: true });
    await must(world, 'audit.witness');
  }
}

async function must(world: World, functionName: string): Promise<void> {
  const outcome = await world.run(functionName);
  if (outcome.status !== 'answered')
    throw outcome.status === 'threw' ? outcome.error : new Error(functionName);
}

const isDue = async (world: World): Promise<boolean> =>
  (await world.itemsOf('payments')).some(({ due }) => String(due).startsWith('settle')) ||
  (await world.itemsOf('billing')).some(({ waits }) => waits !== undefined);

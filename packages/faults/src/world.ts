import { deflateRawSync } from 'node:zlib';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { PublishBatchCommand, SNSClient } from '@aws-sdk/client-sns';
import { type Message, SQSClient } from '@aws-sdk/client-sqs';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Event } from '@fanfold/contracts/event';
import {
  accountId,
  clientConfiguration,
  credentials,
  region,
  signatureFor,
} from '@fanfold/local-cloud/account';
import { type Endpoints, startEmulators } from '@fanfold/local-cloud/emulators';
import { eventSourceMapping } from '@fanfold/local-cloud/eventSourceMapping';
import { secrets } from '@fanfold/local-cloud/kms';
import { lambdaFunctions } from '@fanfold/local-cloud/mappings';
import { provision } from '@fanfold/local-cloud/provision';
import type { Resource } from '@fanfold/local-cloud/template';
import { unpackedItem } from '@fanfold/runtime/packed';
import { StripeFake } from '@fanfold/stripe-fake/stripeFake';
import { emptyEdge, encodeEdge, extend, leafHash } from '@fanfold/tlog/merkle';
import { encodeBundle } from '@fanfold/tlog/tile';
import { formatKey, parseKey, type Role } from '@fanfold/verify/key';
import { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import { bucketPrefix } from '../../topology/names.js';
import type { Answer, Call } from './calls.ts';
import { Clock } from './clock.ts';
import { type DeliveryFaultKind, deliverySite } from './deliveries.ts';
import { EmulatorClient } from './emulatorClient.ts';
import type { Fate } from './faults.ts';
import {
  compileService,
  Functions,
  Libraries,
  type Mutation,
  type Outcome,
  type PaymentProvider,
  servicesUnderTest,
  templateUnderTest,
} from './functions.ts';
import type { Item } from './item.ts';
import { fillerEntry, type LogKeys, LogWatch } from './log.ts';
import {
  type Order,
  type SteppedMapping,
  type Surroundings,
  steppedQueue,
  steppedStream,
} from './mappings.ts';
import { Network } from './network.ts';
import { randomFrom } from './random.ts';

/** How queues are emptied in a run: a service's messages may lag behind everything else, or come in reverse. */
export type Disorder = { functionName: string; kind: 'lagging' | Exclude<Order, 'as-it-comes'> };

/** What tables and the log's bucket had at a moment, as the wire has it. */
export type Kept = {
  tables: Map<string, object[]>;
  headSize: number;
  /** By path. */
  files: Map<string, Buffer>;
};

/** How often something was delivered to a function, or asked of it. */
export type Delivery = { functionName: string; source: 'queue' | 'stream' | 'request'; count: number };

/**
 * All services on emulators in one process, with their own code, templates and queues, a clock that stands still while
 * anything happens, and a network that breaks when it is told to.
 */
export class World {
  readonly clock: Clock;
  readonly network: Network;
  readonly functions: Functions;
  readonly #sns: SNSClient;
  readonly #sqs: SQSClient;
  /** What was signed and written of the log in this run. */
  log = new LogWatch();
  /** What went wrong that no promise is about, such as records that were given up. */
  readonly mishaps: string[] = [];
  #mappings: SteppedMapping[] = [];
  #logKeys: LogKeys | undefined;
  readonly #requests = new Map<string, number>();
  /** By name, when keys were lost with which events were encrypted. */
  readonly lostKeys = new Map<string, number>();
  /** Services whose mappings are switched off. */
  readonly stopped = new Set<string>();
  /** Called at each point of a story. */
  onPoint: (() => Promise<void>) | undefined;
  /** The paths of what functions stored in buckets in this run. */
  readonly #stored = new Set<string>();
  /** How often the harness itself sent something. */
  #sent = 0;
  #disorder: Disorder | undefined;
  readonly #libraries: Libraries;
  readonly #endpoints: Endpoints;
  readonly #emulators: EmulatorClient;
  readonly #stopEmulators: () => Promise<void>;
  /** Those of all services, with what each provider of payments needs. */
  readonly #resources: Record<string, Record<string, Resource>>;
  readonly #resourcesWith: Record<PaymentProvider, Record<string, Resource>>;
  /** How much of what has happened at Stripe was taken to be told. */
  #told = 0;

  private constructor(parts: {
    libraries: Libraries;
    emulators: EmulatorClient;
    endpoints: Endpoints;
    resources: Record<string, Record<string, Resource>>;
    resourcesWith: Record<PaymentProvider, Record<string, Resource>>;
    stopEmulators: () => Promise<void>;
    network: Network;
    clock: Clock;
    functions: Functions;
  }) {
    this.#libraries = parts.libraries;
    this.#endpoints = parts.endpoints;
    this.#resources = parts.resources;
    this.#resourcesWith = parts.resourcesWith;
    this.#stopEmulators = parts.stopEmulators;
    this.network = parts.network;
    this.clock = parts.clock;
    this.functions = parts.functions;
    this.#emulators = parts.emulators;
    const settings = clientConfiguration(parts.endpoints.aws);
    this.#sns = new SNSClient(settings);
    this.#sqs = new SQSClient({ ...settings, useQueueUrlAsEndpoint: false });
  }

  /** Starts emulators of its own. */
  static async start(): Promise<World> {
    const started = await startEmulators();
    const { endpoints } = started;
    const emulators = new EmulatorClient(endpoints);
    const network: Network = new Network(
      emulators,
      () => clock.now,
      (call, answer) => world.#see(call, answer),
    );
    const clock = new Clock(network);
    // The queues' visibility is reckoned with Date.now(), in this process.
    Date.now = () => clock.now;
    const resources: Record<string, Record<string, Resource>> = {};
    for (const service of servicesUnderTest) {
      resources[service] = await templateUnderTest(service, 'sandbox', endpoints.aws);
    }
    const { payments: withSandbox = {} } = resources;
    const withStripe = await templateUnderTest('payments', 'stripe', endpoints.aws);
    const resourcesWith = { sandbox: withSandbox, stripe: withStripe };
    resources.payments = { ...withSandbox, ...withStripe };
    for (const each of Object.values(resources)) await provision(each, endpoints);
    secrets.set('fanfold/local/stripe', JSON.stringify(stripeSecrets));
    const libraries = new Libraries();
    const code = await Promise.all(
      servicesUnderTest.map(async (service) => {
        const script = await compileService(service, libraries);
        return [service, { script, resources: service === 'payments' ? withSandbox : resources[service] }];
      }),
    );
    // What it needs of npm is in the libraries too.
    await compileService('payments', libraries, { provider: 'stripe' });
    const functions = new Functions(Object.fromEntries(code), await libraries.compile(), {
      clock,
      network,
      environment: {
        // Nobody listens there: whatever functions send goes to the network.
        AWS_ENDPOINT_URL: 'http://127.0.0.1:4566',
        AWS_REGION: region,
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      },
    });
    const stopEmulators = () => started.stop();
    const world: World = new World({
      libraries,
      emulators,
      endpoints,
      resources,
      resourcesWith,
      stopEmulators,
      network,
      clock,
      functions,
    });
    await world.#startMappings();
    return world;
  }

  #see(call: Call, answer: Answer): void {
    if (call.operation === 'PutObject') this.#stored.add(call.path.replace(/\?.*/, ''));
    this.log.see(call, answer);
  }

  /** What operators' commands ask of topic and queues. */
  readonly messaging = {
    sns: {
      send: (command: PublishBatchCommand) => {
        this.#sent += 1;
        return this.#sns.send(command);
      },
    },
    sqs: { send: (command: Parameters<SQSClient['send']>[0]) => this.#sqs.send(command) },
  };

  async stop(): Promise<void> {
    this.network.hangUp();
    this.#sns.destroy();
    this.#sqs.destroy();
    this.#emulators.close();
    await this.#stopEmulators();
  }

  async #startMappings(): Promise<void> {
    const surroundings: Surroundings = {
      clock: this.clock,
      functions: this.functions,
      emulators: this.#emulators,
      awsEndpoint: this.#endpoints.aws,
      writesTo: (...targets) =>
        targets.reduce((sum, target) => sum + this.network.writesTo(target), this.#sent),
      disturbance: (functionName, nth) =>
        this.network.fateOfDelivery(deliverySite(functionName, 'queue'), nth)?.kind as
          | DeliveryFaultKind
          | undefined,
    };
    for (const [service, resources] of Object.entries(this.#resources)) {
      for (const { Type, Properties } of Object.values(resources)) {
        if (Type !== 'AWS::Lambda::EventSourceMapping') continue;
        const mapping = eventSourceMapping(Properties);
        const known = lambdaFunctions(resources).find(({ name }) => name === mapping.functionName);
        const functionName = `${service}.${known?.key}`;
        this.#mappings.push(
          mapping.source === 'queue'
            ? steppedQueue(functionName, mapping, surroundings, () => this.#orderOf(functionName))
            : await steppedStream(functionName, mapping, surroundings, (why) => this.mishaps.push(why)),
        );
      }
    }
    // What producers say first, then those who hear it.
    this.#mappings.sort((a, b) => (a.source === b.source ? 0 : a.source === 'stream' ? -1 : 1));
  }

  /** Compiles the services with a provider and a mutation, if one is given, and runs that code from now on. */
  async deploy(provider: PaymentProvider, mutation: Mutation | undefined): Promise<void> {
    for (const service of servicesUnderTest) {
      const script = await compileService(service, this.#libraries, { provider, mutation });
      const resources = service === 'payments' ? this.#resourcesWith[provider] : this.#resources[service];
      this.functions.deploy(service, { script, resources: resources as Record<string, Resource> });
    }
  }

  /** The payment provider, where a story has payments taken by Stripe. */
  get stripe(): StripeFake {
    return this.#emulators.stripe;
  }

  /** The witness outside that the stage names. */
  get witness(): WitnessFake {
    return this.#emulators.witness;
  }

  /** What has happened at Stripe and was not taken before, in its order. */
  takeEventsOfStripe(): StripeFake['events'] {
    this.stripe.passTime();
    const taken = this.stripe.events.slice(this.#told);
    this.#told = this.stripe.events.length;
    return taken;
  }

  /**
   * Ends all functions' sandboxes, turns the clock back, empties tables, queues and buckets. No run sees what another
   * one left, whatever broke in it, and none gets slower by what was before.
   */
  async reset(): Promise<void> {
    this.functions.restart();
    this.network.hangUp();
    this.clock.restart();
    this.stopped.clear();
    this.lostKeys.clear();
    this.#emulators.stripe = new StripeFake({
      key: stripeSecrets.key,
      webhookSecret: stripeSecrets.webhookSecrets[0] as string,
      now: () => this.clock.now,
    });
    this.#told = 0;
    this.#emulators.witness = new WitnessFake({
      logKeys: [await this.#logKey()],
      now: () => this.clock.now,
    });
    const tables = this.#tables();
    for (const { Properties } of tables)
      await this.#emulators.ask('dynamodb', 'DeleteTable', { TableName: Properties.TableName });
    for (const table of tables) await provision({ table }, this.#endpoints);
    for (const deadLetters of deadLettersOf) {
      await this.#emulators.ask('sqs', 'PurgeQueue', { QueueUrl: this.#queueUrl(deadLetters) });
    }
    for (const path of this.#stored) await this.#emulators.send('s3', 'DELETE', path, signatureFor('s3'));
    this.#stored.clear();
    for (const mapping of this.#mappings) await mapping.restart();
    this.log = new LogWatch();
  }

  /**
   * Lets the log begin with entries that nobody said, all but the last few of a tile: appending them would take longer
   * than the rest of a run.
   */
  async fillLog(count: number): Promise<void> {
    const entries = Array.from({ length: count }, (_, i) => fillerEntry(i));
    const edge = encodeEdge(extend(emptyEdge, entries.map(leafHash)));
    const size = { N: String(count) };
    const items = [
      {
        pk: { S: 'head' },
        sk: { S: 'head' },
        size,
        edge: { B: base64(edge) },
        completesTile: { BOOL: false },
      },
      {
        pk: { S: 'entries' },
        sk: { S: '0'.repeat(16) },
        count: size,
        // As they were written before they were compressed: what is there stays readable.
        entries: { B: base64(encodeBundle(entries)) },
      },
    ];
    for (const item of items) await this.put('audit', item);
    this.log = new LogWatch(count);
  }

  /**
   * Puts others in the place of the entries that were appended last, as somebody with access to the table could.
   *
   * @returns what changes them back
   */
  async changeLastEntries(): Promise<() => Promise<void>> {
    const { Items } = (await this.#emulators.ask('dynamodb', 'Query', {
      TableName: 'fanfold-local-audit',
      KeyConditionExpression: 'pk = :pk AND sk < :merged',
      ExpressionAttributeValues: { ':pk': { S: 'entries' }, ':merged': { S: 'merged' } },
      ScanIndexForward: false,
      Limit: 1,
    })) as { Items: [{ count: { N: string } }] };
    const [item] = Items;
    const others = Array.from({ length: Number(item.count.N) }, (_, i) => fillerEntry(-1 - i));
    const deflated = { B: base64(deflateRawSync(encodeBundle(others))) };
    await this.put('audit', { ...item, deflated });
    // Whoever restores the log meanwhile would find others in their place.
    const reach = this.onPoint;
    this.onPoint = undefined;
    return async () => {
      await this.put('audit', item);
      this.onPoint = reach;
    };
  }

  /**
   * Begins a run.
   *
   * @param isOverHttp whether functions' calls go through Node's HTTP client and server
   */
  begin(fate: Fate, disorder: Disorder | undefined, isOverHttp: boolean): void {
    this.#disorder = disorder;
    this.mishaps.length = 0;
    this.functions.log = [];
    this.functions.random = randomFrom(0);
    this.#requests.clear();
    for (const mapping of this.#mappings) mapping.deliveries = 0;
    this.network.begin(fate, isOverHttp);
  }

  /** How many deliveries and requests there were in this run, by site. */
  deliveries(): Delivery[] {
    return [
      ...this.#mappings.map(({ functionName, source, deliveries: count }) => ({
        functionName,
        source,
        count,
      })),
      ...[...this.#requests].map(([functionName, count]) => ({
        functionName,
        source: 'request' as const,
        count,
      })),
    ];
  }

  /** Asks a function over its API, as a client does who may get no answer. */
  async request(functionName: string, event: unknown): Promise<Outcome> {
    const run = () => this.run(functionName, event);
    switch (this.#fateOfRequest(functionName)) {
      case 'not-invoked':
        return { status: 'killed' };
      case 'response-lost':
        await run();
        return { status: 'killed' };
      case 'asked-together': {
        const [first] = await Promise.all([run(), run()]);
        return first;
      }
      default:
        return run();
    }
  }

  /** What becomes of the next request to a function. */
  #fateOfRequest(functionName: string): DeliveryFaultKind | undefined {
    const nth = this.#requests.get(functionName) ?? 0;
    this.#requests.set(functionName, nth + 1);
    return this.network.fateOfDelivery(deliverySite(functionName, 'request'), nth)?.kind as
      | DeliveryFaultKind
      | undefined;
  }

  #orderOf(functionName: string): Order {
    const { kind } = this.#disorder?.functionName === functionName ? this.#disorder : {};
    return kind === undefined || kind === 'lagging' ? 'as-it-comes' : kind;
  }

  /** From now on nothing breaks: what was on its way arrives. */
  async heal(): Promise<void> {
    await this.clock.settle(this.network.heal());
  }

  /** A point of the story, at which something may be put back. What is done there has no points of its own. */
  async #point(): Promise<void> {
    const reach = this.onPoint;
    if (!reach) return;
    this.onPoint = undefined;
    await reach();
    this.onPoint = reach;
  }

  /** Runs a function by itself, as a schedule, a request or an operator would. */
  async run(functionName: string, event: unknown = {}): Promise<Outcome> {
    await this.#point();
    return this.clock.settle(this.functions.invoke(functionName, event));
  }

  /** Whether something is left that is delivered only when everything else has been. */
  isLagging(): boolean {
    return this.#disorder?.kind === 'lagging' || this.#disorder?.kind === 'reversed';
  }

  /**
   * Delivers until nothing is left in any stream or queue, but for what lags behind.
   *
   * @param patienceMs how long messages that failed are waited for
   */
  async drain({ withLagging = false, patienceMs = longestPatienceMs } = {}): Promise<void> {
    await this.#point();
    const { kind, functionName } = this.#disorder ?? {};
    // In reverse is what there is in the end.
    const waits = !withLagging && (kind === 'lagging' || kind === 'reversed') ? functionName : undefined;
    const mappings = this.#running().filter((mapping) => mapping.functionName !== waits);
    let waitMs = shortestWaitMs;
    for (let waitedMs = 0; ; ) {
      let moved = false;
      for (const mapping of mappings) if (await mapping.step()) moved = true;
      if (moved) waitMs = shortestWaitMs;
      else if (!mappings.some((mapping) => mapping.isWaiting())) return;
      else if (waitedMs < patienceMs) {
        this.clock.advance(waitMs);
        waitedMs += waitMs;
        waitMs = Math.min(2 * waitMs, longestWaitMs);
      } else {
        if (patienceMs > 0) this.mishaps.push(`Queues are not empty after ${patienceMs / 3_600_000} hours`);
        return;
      }
    }
  }

  #running = () =>
    this.#mappings.filter(({ functionName }) => !this.stopped.has(functionName.split('.')[0] as string));

  /** What tables and the log's bucket have now, to be put back later. */
  async keep(): Promise<Kept> {
    const tables = new Map<string, object[]>();
    for (const TableName of this.#tableNames()) tables.set(TableName, await this.#scan(TableName));
    const files = new Map<string, Buffer>();
    for (const path of [...this.log.files.keys(), 'checkpoint']) {
      const file = await this.readFile(path);
      if (file) files.set(path, file);
    }
    return { tables, files, headSize: this.log.headSize };
  }

  /**
   * Puts tables back, each as a new one with a stream that has nothing, as a restore of AWS does: what was in the old one's
   * stream is published first. Or the files of the log.
   */
  async putBack(kept: Kept, tables: readonly string[], { bucket }: { bucket: boolean }): Promise<void> {
    const keysBefore = await this.itemsOf('audit-keys');
    for (const table of tables) {
      const TableName = `fanfold-local-${table}`;
      const ofTable = this.#mappings.filter((mapping) => mapping.tableName === TableName);
      for (const mapping of ofTable) while (await mapping.step());
      await this.#emulators.ask('dynamodb', 'DeleteTable', { TableName });
      const resource = this.#tables().find(({ Properties }) => Properties.TableName === TableName);
      await provision({ table: resource as Resource }, this.#endpoints);
      for (const Item of kept.tables.get(TableName) ?? []) {
        await this.#emulators.ask('dynamodb', 'PutItem', { TableName, Item });
      }
      for (const mapping of ofTable) await mapping.restart();
    }
    if (tables.includes('audit')) {
      this.log.headSize = kept.headSize;
      this.log.forgetCosignatures();
    }
    const keysAfter = new Map((await this.itemsOf('audit-keys')).map(({ pk, dataKey }) => [pk, dataKey]));
    for (const { pk, dataKey } of keysBefore) {
      if (dataKey !== undefined && dataKey !== keysAfter.get(pk)) this.lostKeys.set(pk, this.clock.now);
    }
    if (!bucket) return;
    for (const path of [...this.log.files.keys(), 'checkpoint']) {
      const file = kept.files.get(path);
      await this.#emulators.send(
        's3',
        file ? 'PUT' : 'DELETE',
        this.#filePath(path),
        signatureFor('s3'),
        file,
      );
      if (!file) this.log.lost(path);
    }
  }

  /** What is said now never reaches the queues of these. */
  async lose(...functionNames: string[]): Promise<void> {
    for (const mapping of this.#mappings) if (mapping.source === 'stream') while (await mapping.step());
    for (const { functionName, discard } of this.#mappings) {
      if (functionNames.includes(functionName)) await discard();
    }
  }

  /** Puts an item into a table, as the wire has it, on no function's behalf. */
  async put(table: string, Item: object): Promise<void> {
    await this.#emulators.ask('dynamodb', 'PutItem', { TableName: `fanfold-local-${table}`, Item });
  }

  /** Everything in a table, as plain values; bytes are in base64. Not through the SDK, which takes a fifth of a run for it. */
  async itemsOf(table: string): Promise<Item[]> {
    const items = await this.#scan(`fanfold-local-${table}`);
    if (table !== 'payments' && table !== 'billing') return items.map((item) => unmarshall(item) as Item);
    return items.map((item) => {
      const { facts, ...unpacked } = unpackedItem(item as Record<string, AttributeValue>);
      return { ...unpacked, ...(facts as object) } as Item;
    });
  }

  async #scan(TableName: string): Promise<Parameters<typeof unmarshall>[0][]> {
    const items: Parameters<typeof unmarshall>[0][] = [];
    let ExclusiveStartKey: object | undefined;
    do {
      const input = { TableName, ConsistentRead: true, ExclusiveStartKey };
      const page = (await this.#emulators.ask('dynamodb', 'Scan', input)) as {
        Items: typeof items;
        LastEvaluatedKey?: object;
      };
      items.push(...page.Items);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey);
    return items;
  }

  #tables(): Resource[] {
    return Object.values(this.#resources)
      .flatMap((resources) => Object.values(resources))
      .filter(({ Type }) => Type === 'AWS::DynamoDB::Table');
  }

  #tableNames = () => this.#tables().map(({ Properties }) => String(Properties.TableName));

  /** A file of the log. */
  readFile = async (path: string): Promise<Buffer | undefined> => {
    const { status, body } = await this.#emulators.send(
      's3',
      'GET',
      this.#filePath(path),
      signatureFor('s3'),
    );
    return status === 200 ? Buffer.from(body) : undefined;
  };

  /** What the log and its witness sign with, as KMS says. */
  async logKeys(): Promise<LogKeys> {
    const { LOG_ORIGIN, LOG_SIGNING_KEY_IDS, WITNESS_SIGNING_KEY_ID } =
      this.functions.environmentOf('audit.witness');
    this.#logKeys ??= {
      log: await parseKey(await this.#keyOf(String(LOG_ORIGIN), 'log', LOG_SIGNING_KEY_IDS)),
      witness: await parseKey(await this.#keyOf(`${LOG_ORIGIN}/witness`, 'witness', WITNESS_SIGNING_KEY_ID)),
    };
    return this.#logKeys;
  }

  /** The key of the log, as those who are to trust it are told. */
  #logKey(): Promise<string> {
    const { LOG_ORIGIN, LOG_SIGNING_KEY_IDS } = this.functions.environmentOf('audit.witness');
    return this.#keyOf(String(LOG_ORIGIN), 'log', LOG_SIGNING_KEY_IDS);
  }

  async #keyOf(name: string, role: Role, KeyId: string | undefined): Promise<string> {
    const { PublicKey } = await this.#emulators.ask<{ PublicKey: string }>('kms', 'GetPublicKey', { KeyId });
    return formatKey(name, role, Buffer.from(PublicKey, 'base64').subarray(-32));
  }

  #filePath = (path: string) => `/${bucketPrefix('local', region)}-audit-log-${accountId}/${path}`;

  /** Sends events to the topic once more, byte for byte as they were recorded. */
  async replay(bodies: string[]): Promise<void> {
    this.#sent += 1;
    for (let first = 0; first < bodies.length; first += 5) {
      await this.#sns.send(
        new PublishBatchCommand({
          TopicArn: `arn:aws:sns:${region}:${accountId}:fanfold-local-events`,
          PublishBatchRequestEntries: bodies.slice(first, first + 5).map((Message, i) => {
            const { type, source, subject, merchantid } = JSON.parse(Message) as Event;
            return {
              Id: String(i),
              Message,
              MessageAttributes: Object.fromEntries(
                Object.entries({ type, source, subject, merchantid }).map(([name, StringValue]) => [
                  name,
                  { DataType: 'String', StringValue },
                ]),
              ),
            };
          }),
        }),
      );
    }
  }

  async send(service: string, MessageBody: string): Promise<void> {
    this.#sent += 1;
    await this.#emulators.ask('sqs', 'SendMessage', {
      QueueUrl: this.#queueUrl(`${service}-events`),
      MessageBody,
    });
  }

  /** Takes what is in a service's dead-letter queue. */
  async takeDeadLetters(service: string): Promise<{ body: string; reason: string | undefined }[]> {
    const QueueUrl = this.#queueUrl(`${service}-events-dead-letters`);
    const taken = [];
    for (;;) {
      const { Messages = [] } = await this.#emulators.ask<{ Messages?: Message[] }>('sqs', 'ReceiveMessage', {
        QueueUrl,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ['All'],
      });
      if (Messages.length === 0) return taken;
      for (const { ReceiptHandle, Body = '', MessageAttributes } of Messages) {
        taken.push({ body: Body, reason: MessageAttributes?.['quarantine-reason']?.StringValue });
        await this.#emulators.ask('sqs', 'DeleteMessage', { QueueUrl, ReceiptHandle });
      }
    }
  }

  #queueUrl(name: string): string {
    return `${this.#endpoints.aws}/${accountId}/fanfold-local-${name}`;
  }
}

/** Whose queues have dead letters. */
export const withDeadLetters = [...servicesUnderTest, 'billing-renderer', 'payments-webhooks'];

/** The queues of dead letters, without the beginning of their names. */
const deadLettersOf = withDeadLetters.map((name) => `${name}-events-dead-letters`);

/** What must never be in a log. */
export const stripeSecrets = { key: 'sk_test_canary', webhookSecrets: ['whsec_canary'] };

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** How long messages that failed may take until they are done or dead. */
const longestPatienceMs = 24 * 3_600_000;
/** Between looks at a queue whose messages are out of sight. */
const shortestWaitMs = 20_000;
const longestWaitMs = 600_000;

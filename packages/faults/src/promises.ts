import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { catalog, type EventType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import type { Item } from './item.ts';
import { proofBreaches } from './log.ts';
import type { Document, Merchant, Payment, Sent } from './merchant.ts';
import { shuffled } from './random.ts';
import { poisonFor } from './stories.ts';
import { type World, withDeadLetters } from './world.ts';

/** What is there of a shop when everything has come to rest: what its APIs show, and what tables and logs hold. */
export type Observation = {
  payments: Payment[];
  invoices: Document[];
  creditNotes: Document[];
  events: (Event & { position: number; recordedat: string; erased?: true })[];
  /** What the log can say again, in its order. Of what was erased there is no text. */
  texts: { position: number; text: string | null }[];
  /** Refunds of which nobody but a person can find out what came of them, which the log says. */
  leftToPeople: string[];
  /** What the payment provider has. */
  provider: AtProvider;
  tables: Record<'payments' | 'payments-sandbox' | 'billing' | 'audit' | 'audit-keys', Item[]>;
  sent: Sent[];
  /** By name, when keys were lost with which events were encrypted. */
  lostKeys: ReadonlyMap<string, number>;
  /** What of the files of documents is not as their issue said. */
  brokenFiles: string[];
  /** Numbers that a restore has found lost with their documents. */
  lostNumbers: LostNumbers[];
};

/** What the payment provider has done, whose it is, and what it says of disputes. */
type AtProvider = {
  moved: { paymentId: string; direction: 'in' | 'out'; amount: number }[];
  /** The payments for which a card was charged, or money reserved, once for each time. */
  charged: string[];
  /** The refunds that were made, once for each time. */
  refunded: string[];
  /** Of whose payments money is still reserved. */
  reserved: string[];
  disputes: { paymentId: string; id: string; status: string }[];
};

type LostNumbers = { merchantId: string; name: string; first: number; last: number };

/** One for each of the shops that have asked for anything. */
export async function observe(world: World, shops: readonly Merchant[]): Promise<Map<Merchant, Observation>> {
  const tables = {
    payments: await world.itemsOf('payments'),
    'payments-sandbox': await world.itemsOf('payments-sandbox'),
    billing: await world.itemsOf('billing'),
    audit: await world.itemsOf('audit'),
    'audit-keys': await world.itemsOf('audit-keys'),
  };
  const observed = new Map<Merchant, Observation>();
  for (const shop of shops) {
    if (shop.sent.length === 0) continue;
    const [invoices, creditNotes] = [await shop.invoices(), await shop.creditNotes()];
    const brokenFiles: string[] = [];
    for (const document of [...invoices, ...creditNotes])
      brokenFiles.push(...(await shop.brokenFilesOf(document)));
    observed.set(shop, {
      payments: await shop.payments(),
      invoices,
      creditNotes,
      brokenFiles,
      events: await shop.events(),
      texts: await textsOf(world, shop),
      leftToPeople: world.functions.log.flatMap((line) =>
        line.includes('"provider cannot be asked again"') ? [String(JSON.parse(line).key)] : [],
      ),
      provider: atProvider(tables['payments-sandbox'], world, shop),
      tables,
      sent: shop.sent,
      lostKeys: world.lostKeys,
      lostNumbers: (await exported<{ numbers: LostNumbers[] }>(world, { read: 'lost' })).numbers.filter(
        ({ merchantId }) => merchantId === shop.id,
      ),
    });
  }
  return observed;
}

/** What the sandbox has recorded of a shop, or Stripe's fake has done: of the one that a story does not use there is nothing. */
function atProvider(records: Item[], { stripe }: World, { id: merchantId }: Merchant): AtProvider {
  const intents = [...stripe.intents.values()].filter(
    ({ metadata }) => metadata.fanfold_merchant === merchantId,
  );
  const paymentOf = new Map(intents.map(({ id, metadata }) => [id, String(metadata.fanfold_payment)]));
  const of = <Made extends { payment_intent: string }>(made: Iterable<Made>) =>
    [...made].flatMap((each) => {
      const paymentId = paymentOf.get(each.payment_intent);
      return paymentId === undefined ? [] : [{ ...each, paymentId }];
    });
  const charges = of(stripe.charges.values());
  const refunds = of(stripe.refunds.values());
  return {
    moved: [
      ...records.flatMap(({ paymentId, operation, outcome, amount }) => {
        const direction = directions[String(operation)];
        const isDone = direction && (outcome as { result: string }).result === 'succeeded';
        return isDone ? [{ paymentId: String(paymentId), direction, amount: Number(amount) }] : [];
      }),
      ...charges
        .filter(({ captured }) => captured)
        .map(({ paymentId, amount_captured: amount }) => ({ paymentId, direction: 'in' as const, amount })),
      ...refunds
        .filter(({ status }) => status === 'succeeded')
        .map(({ paymentId, amount }) => ({ paymentId, direction: 'out' as const, amount })),
    ],
    charged: charges.map(({ paymentId }) => paymentId),
    refunded: refunds.map(({ metadata }) => String(metadata?.fanfold_operation)),
    reserved: intents
      .filter(({ status }) => status === 'requires_capture')
      .map(({ id }) => String(paymentOf.get(id))),
    disputes: of(stripe.disputes.values()).map(({ paymentId, id, status }) => ({
      paymentId,
      id,
      status: status === 'needs_response' ? 'open' : status,
    })),
  };
}

const directions: Record<string, 'in' | 'out'> = { charge: 'in', capture: 'in', refund: 'out' };

/** Reads what is recorded as `fanfold replay` does. */
async function textsOf(world: World, { id: merchantId }: Merchant): Promise<Observation['texts']> {
  const [from, to] = ['2026-01-01T00:00:00Z', '2100-01-01T00:00:00Z'];
  const { events } = await exported<{ events: object[] }>(world, { read: 'index', from, to, merchantId });
  return events.length === 0 ? [] : exported(world, { read: 'texts', events });
}

async function exported<Part>(world: World, request: object): Promise<Part> {
  const outcome = await world.run('audit.exportEvents', request);
  if (outcome.status === 'answered') return outcome.value as Part;
  throw outcome.status === 'threw' ? outcome.error : new Error('The log could not be exported');
}

/** What the tables hold of a shop. */
const stateOf = ({ tables, provider }: Observation, { id }: Merchant): unknown[] => [
  ...Object.values(tables).map((items) =>
    items
      .filter(({ pk }) => pk.startsWith(`${id}#`) || pk === `finding:${id}` || pk === `erasure:${id}`)
      .sort((a, b) => (`${a.pk}${a.sk}` < `${b.pk}${b.sk}` ? -1 : 1)),
  ),
  provider,
];

type Breach = (observed: Observation, shop: Merchant) => string[];

/** The promises, by number (docs/reliability.md). Each gives what breaks it; nothing when it is kept. */
const safety: Record<string, Breach> = {
  /**
   * Exactly one invoice for each capture, one credit note for each refund, one reversal for each that failed after it had
   * succeeded, and none without cause.
   */
  I1: ({ payments, invoices, creditNotes, tables }, shop) => {
    const captured = payments.filter(({ amountCaptured }) => amountCaptured > 0).map(({ id }) => id);
    const refunds = payments.flatMap((payment) =>
      [...succeeded(payment), ...reversed(payment)].map(({ id }) => id),
    );
    const stored = tables.billing.filter(({ pk }) => pk.startsWith(`${shop.id}#`));
    return [
      ...differences(
        'captured payments and invoices',
        captured,
        ownOf(invoices).map(({ paymentId }) => paymentId),
      ),
      ...differences(
        'refunds that failed afterwards and reversals',
        payments.flatMap((payment) => reversed(payment).map(({ id }) => id)),
        reversalsIn(invoices).map(({ reverses }) => reverses?.refundId ?? ''),
      ),
      ...differences(
        'refunds and credit notes',
        refunds,
        creditNotes.map(({ refundId }) => refundId ?? ''),
      ),
      ...differences(
        'documents of the API and of the table',
        [...invoices, ...creditNotes].map(({ number }) => number),
        stored.flatMap(
          ({ invoice, creditNote, reversal }) =>
            numberIn(invoice) ?? numberIn(creditNote) ?? numberIn(reversal) ?? [],
        ),
      ),
      ...stored
        .filter(({ parked }) => Array.isArray(parked) && parked.length > 0)
        .map(({ pk }) => `${pk} still has refunds parked`),
      ...stored
        .filter(({ parkedFailures }) => parkedFailures !== undefined)
        .map(({ pk }) => `${pk} still has failures of refunds parked`),
      ...stored.filter(({ waits }) => waits !== undefined).map(({ pk }) => `${pk} still waits for a seller`),
      ...payments
        .filter((payment) => payment.amountCaptured > 0 && !payment.invoiceNumber)
        .map(({ id }) => `${id} does not know its invoice`),
      ...payments.flatMap((payment) =>
        [...succeeded(payment), ...reversed(payment)]
          .filter(({ creditNoteNumber }) => !creditNoteNumber)
          .map(({ id }) => `${id} does not know its credit note`),
      ),
      ...payments.flatMap((payment) =>
        reversed(payment)
          .filter(({ reversalInvoiceNumber }) => !reversalInvoiceNumber)
          .map(({ id }) => `${id} does not know its reversal`),
      ),
    ];
  },

  /** Payments knows the seller that was put last in billing, whatever order its versions came in. */
  I12: ({ tables }, shop) => {
    const versions = [tables.billing, tables.payments].map((items) =>
      Math.max(
        0,
        ...items.flatMap(({ pk, seller, version }) =>
          seller && pk.startsWith(`${shop.id}#`) ? [Number(version)] : [],
        ),
      ),
    );
    return unequal(`${shop.id}: sellers in billing and in payments`, versions[0] ?? 0, versions[1] ?? 0);
  },

  /** Each document has the files that its issue said, and a PDF. */
  I13: ({ brokenFiles }) => brokenFiles,

  /** The numbers of a series are 1 to n but for those that are lost, which nobody gets again, and their times never go back. */
  I2: ({ invoices, creditNotes, lostNumbers }) =>
    [invoices, creditNotes].flatMap((documents) =>
      [...Map.groupBy(documents, ({ number }) => number.replace(/-\d+$/, ''))].flatMap(([series, issued]) => {
        const inOrder = issued.toSorted((a, b) => (a.number < b.number ? -1 : 1));
        const ofSeries = lostNumbers.filter(({ name }) => name === series);
        let n = 0;
        const expected = inOrder.map(() => {
          do n += 1;
          while (ofSeries.some(({ first, last }) => first <= n && n <= last));
          return `${series}-${String(n).padStart(6, '0')}`;
        });
        const goesBack = inOrder.some(({ createdAt }, i) => createdAt < (inOrder[i - 1]?.createdAt ?? ''));
        return [
          ...differences(
            `numbers of ${series}`,
            expected,
            inOrder.map(({ number }) => number),
          ),
          ...(goesBack ? [`the times of ${series} go back`] : []),
        ];
      }),
    ),

  /** Every event that a table says was said is in the log, once, and nothing else; numbers of a subject have no gap. */
  I3: ({ tables, events }, shop) => {
    const own = (items: Item[]) =>
      items
        .filter(({ pk }) => pk.startsWith(`${shop.id}#`))
        .map((item) => ({ ...item, id: item.pk.slice(shop.id.length + 1) }) as Item & { id: string });
    const published = [
      ...own(tables.payments).flatMap(({ id, history, closing }) =>
        closing
          ? [`${(closing as { subject: string }).subject}:1`]
          : ((history ?? []) as unknown[]).map((_, i) => `${id}:${i + 1}`),
      ),
      ...findingsOf(tables, shop).flatMap(({ subject, n }) =>
        Array.from({ length: n }, (_, i) => `${subject}:${i + 1}`),
      ),
      ...erasuresOf(tables, shop).map(({ eventId }) => eventId),
      ...own(tables.billing).flatMap(({ id, invoice, creditNote, reversal, rendering }) => {
        if (rendering) return [`${(rendering as { documentId: string }).documentId}:2`];
        return creditNote
          ? [`${(creditNote as { id: string }).id}:1`]
          : invoice || reversal
            ? [`${id}:1`]
            : [];
      }),
      // Each version of a seller is stored by the id of its event.
      ...own(tables.billing).flatMap(({ id, seller, said }) => (seller && said !== undefined ? [id] : [])),
    ];
    // Nobody's table knows of a document that somebody else issued: audit does, when its number was there.
    const twice = numbersTwiceOf(tables, shop);
    const foreign = twice
      .flatMap(({ documents }) => documents.map((id) => `${id}:1`))
      .filter((id) => !published.includes(id));
    return differences(
      'events said and recorded',
      [...published, ...new Set(foreign), ...twice.map((each) => twiceEventId(each, shop))],
      events.map(({ id }) => id),
    );
  },

  /** Money: what was captured and refunded is what was invoiced and credited, and what the provider did, once. */
  I4: ({ payments, invoices, creditNotes, provider, leftToPeople }) =>
    payments.flatMap((payment) => {
      const { id, amountCaptured, amountRefunded } = payment;
      const gross = (documents: Document[]) =>
        sum(documents.filter(({ paymentId }) => paymentId === id).map(({ totals }) => totals.gross));
      const moved = (direction: 'in' | 'out') =>
        sum(
          provider.moved
            .filter((each) => each.paymentId === id && each.direction === direction)
            .map(({ amount }) => amount),
        );
      return [
        ...unequal(`${id}: captured and invoiced`, amountCaptured, gross(ownOf(invoices))),
        ...unequal(
          `${id}: refunded and credited`,
          amountRefunded,
          gross(creditNotes) - gross(reversalsIn(invoices)),
        ),
        ...unequal(`${id}: captured here and at the provider`, amountCaptured, moved('in')),
        ...unequal(`${id}: refunded here and at the provider`, amountRefunded, moved('out')),
        ...(amountRefunded > amountCaptured ? [`${id}: more was refunded than captured`] : []),
        ...(payment.status === 'processing' ? [`${id} is still processing`] : []),
        ...payment.refunds
          .filter(({ id, status }) => status === 'pending' && !leftToPeople.includes(id))
          .map((each) => `${each.id} is still pending`),
      ];
    }),

  /**
   * At the provider a payment has one charge at most, and a refund is made once at most. Nothing is charged or reserved of which no
   * payment knows, and its disputes are the payment's. What the sandbox has reserved, it does not tell.
   */
  I14: ({ payments, provider: { charged, refunded, reserved, disputes } }) => {
    const ids = payments.map(({ id }) => id);
    const done = [...charged, ...refunded];
    const authorized = payments.filter(({ status }) => status === 'authorized').map(({ id }) => id);
    const named = (all: { paymentId: string; id: string; status: string }[]) =>
      all.map(({ paymentId, id, status }) => `${id} of ${paymentId}, ${status}`);
    return [
      ...differences('what was charged and refunded at the provider', [...new Set(done)], done),
      ...charged.filter((id) => !ids.includes(id)).map((id) => `${id} was charged, and is not there`),
      ...(charged.length > 0
        ? differences('authorized payments and reserved ones', authorized, reserved)
        : []),
      ...differences(
        'disputes at the provider and of payments',
        named(disputes),
        named(payments.flatMap(({ id, disputes }) => disputes.map((each) => ({ ...each, paymentId: id })))),
      ),
    ];
  },

  /** Of each thing that can happen to a payment, a refund or a dispute there is one event. */
  I15: ({ events }) => {
    const happened = events
      .filter(({ type, erased }) => type.startsWith('payment.') && !erased)
      .map(({ type, subject, data }) => {
        const { refund, dispute } = data as { refund?: { id: string }; dispute?: { id: string } };
        return `${type} of ${refund?.id ?? dispute?.id ?? subject}`;
      });
    return differences('events and what happened', [...new Set(happened)], happened);
  },

  /** A request that is repeated is answered with the same object and status, and has one effect. */
  I5: ({ sent, payments }) =>
    sent.flatMap(({ key, functionName, answers }) => {
      const distinct = new Set(answers.map(({ status, body }) => `${status} ${body.id ?? body.code}`));
      const [first] = answers;
      const isLost =
        functionName === 'payments.createPayment' &&
        first?.status === 201 &&
        !payments.some(({ id }) => id === first.body.id);
      const isMisused = key.endsWith('something else') && answers.some(({ status }) => status !== 422);
      return [
        ...(isMisused ? [`${key}: it was not refused`] : []),
        ...(distinct.size > 1 ? [`${key} was answered with ${[...distinct].join(', then ')}`] : []),
        ...(isLost ? [`${key} was answered 201, and there is no such payment`] : []),
      ];
    }),

  /** A shop sees nothing of another. */
  I7: ({ payments, invoices, creditNotes, events }, shop) => {
    const shown = JSON.stringify([payments, invoices, creditNotes, events]);
    const others = new Set(
      [...shown.matchAll(/shop-[ab]/g)].map(([id]) => id).filter((id) => id !== shop.id),
    );
    return [...others].map((id) => `${shop.id} is shown something of ${id}`);
  },

  /**
   * No finding is left that is not mended: nothing was lost, so whoever says so is wrong. And no number is found twice of which
   * not two documents are recorded.
   */
  V5: ({ tables, events }, shop) => [
    ...findingsOf(tables, shop)
      .filter(({ isMended }) => !isMended)
      .map(({ subject, difference }) => `${subject} is left: ${difference}`),
    ...numbersTwiceOf(tables, shop)
      .filter(({ documents }) => {
        const recorded = new Set(documents.filter((id) => events.some((event) => event.subject === id)));
        return recorded.size !== 2;
      })
      .map(({ number, documents }) => `${number} is not there twice: ${documents}`),
  ],

  /** Every event keeps to the schema of its type. */
  I10: ({ events }) =>
    events.flatMap(({ position, erased, ...event }) => {
      if (erased) return [];
      const { success, error } = catalog[event.type as EventType].schema.safeParse(event);
      return success ? [] : [`${event.id}: ${error.message}`];
    }),

  /** What was recorded of whom was erased nobody can read, everything else anybody can who may; and erasing was said. */
  I11: ({ events, tables, lostKeys }, shop) => {
    const erasures = erasuresOf(tables, shop);
    const subjects = new Map(tables.audit.map(({ position, dataSubject }) => [position, dataSubject]));
    const wrong = events.flatMap(({ id, position, recordedat, erased = false }) => {
      const own = erasures.filter(({ dataSubject }) => dataSubject === subjects.get(position));
      const isErased = own.some(({ erasedAt }) => erasedAt > recordedat);
      // Time stands still while things happen: at the same moment it can have been before or after.
      const lostAt = lostKeys.get(`${shop.id}#${subjects.get(position)}`) ?? 0;
      const canBe = own.some(({ erasedAt }) => erasedAt >= recordedat) || lostAt >= Date.parse(recordedat);
      if (isErased && !erased) return [`${id} was erased and can be read`];
      return erased && !canBe ? [`${id} cannot be read, and was not erased`] : [];
    });
    const unpublished = tables['audit-keys'].filter(
      ({ pk, erasedAt }) =>
        erasedAt !== undefined &&
        pk.startsWith(`${shop.id}#`) &&
        !erasures.some(({ dataSubject }) => pk === `${shop.id}#${dataSubject}`),
    );
    return [...wrong, ...unpublished.map(({ pk }) => `nobody says that ${pk} was erased`)];
  },
};

/** What breaks the promises that hold at rest, each with its number. */
export function breachesOf(observed: Observation, shop: Merchant): string[] {
  return Object.entries(safety).flatMap(([number, breach]) =>
    breach(observed, shop).map((what) => `${number} ${what}`),
  );
}

/** I6, second part: events can be proven to whoever asks for it. */
export async function proofBreachesOf(
  world: World,
  { events }: Observation,
  shop: Merchant,
  which: 'all' | 'newest',
): Promise<string[]> {
  const keys = await world.logKeys();
  const breaches: string[] = [];
  for (const { id, position, erased: isErased = false } of which === 'all' ? events : events.slice(-1)) {
    breaches.push(...(await proofBreaches({ id, position, isErased }, await shop.proofOf(id), keys)));
  }
  return breaches;
}

/** I9: no log has a token, a name or address of a customer, or a secret of the provider's. */
export const leaksIn = (log: string[], secrets: string[]): string[] =>
  secrets
    .filter((secret) => log.some((line) => line.includes(secret)))
    .map((secret) => `I9 a log has ${secret.slice(0, 12)}…`);

/** V1: the dead letters are the poison, with its reason, and nothing else. */
export async function deadLetterBreaches(
  world: World,
  shop: Merchant,
  isPoisoned: boolean,
): Promise<string[]> {
  const breaches: string[] = [];
  // Whoever poisons queues does not reach the renderer's, which only billing's stream fills, nor that of notifications.
  for (const service of withDeadLetters) {
    const poisoned = isPoisoned && !service.includes('-');
    const letters = await world.takeDeadLetters(service);
    const isPoison = ({ body, reason }: (typeof letters)[number]) =>
      poisoned && body === poisonFor(shop) && reason === 'not-json';
    if (poisoned && !letters.some(isPoison)) breaches.push(`V1 ${service} has lost its poison`);
    for (const { body, reason = 'received too often' } of letters.filter((letter) => !isPoison(letter))) {
      breaches.push(`V1 ${service} has a dead letter (${reason}): ${body.slice(0, 100)}`);
    }
  }
  return breaches;
}

/** What a shop noticed: how each request was answered at first, what became of its payments, and what was missed. */
export const seenBy = ({ sent, payments, tables }: Observation, shop: Merchant): string[] => [
  ...sent.map(
    ({ functionName, answers: [first] }) => `${functionName} ${first?.status} ${first?.body.code ?? ''}`,
  ),
  ...payments.map(({ status, refunds }) => `${status} ${refunds.map((refund) => refund.status)}`).sort(),
  ...findingsOf(tables, shop).map(({ kind, n, isMended }) => `${kind} ${n} ${isMended ? 'mended' : 'open'}`),
];

/** I8: everything that was ever said is said twice more, in any order, and changes nothing. */
export async function changesByReplay(world: World, before: Map<Merchant, Observation>): Promise<string[]> {
  const recorded = [...before.values()].flatMap(({ texts }) => texts.flatMap(({ text }) => text ?? []));
  await world.replay(shuffled([...recorded, ...recorded]));
  await world.drain({ withLagging: true });
  for (const shop of before.keys()) await shop.repeatAll();
  await world.drain({ withLagging: true });
  return [...(await observe(world, [...before.keys()]))].flatMap(([shop, after]) => {
    const isSame = isDeepStrictEqual(stateOf(before.get(shop) as Observation, shop), stateOf(after, shop));
    const changed = isSame ? [] : ['I8 a replay changed what is stored'];
    return [...changed, ...breachesOf(after, shop).map((breach) => `${breach} (after a replay)`)];
  });
}

/** What services found missing of a shop's days. */
function findingsOf({ billing, audit }: Observation['tables'], { id }: Merchant) {
  const of = (items: Item[], kind: string) =>
    items
      .filter(({ pk, finding }) => finding !== undefined && pk.includes(id))
      .map(({ finding }) => {
        const { date, n, mendedAt, difference } = finding as Record<string, unknown>;
        return {
          kind,
          subject: `${kind}_${date}_${id}`,
          n: Number(n),
          isMended: mendedAt !== null,
          difference: JSON.stringify(difference),
        };
      });
  return [...of(billing, 'rec'), ...of(audit, 'gap')];
}

/** Numbers of a shop that audit found in two documents. */
const numbersTwiceOf = ({ audit }: Observation['tables'], { id }: Merchant) =>
  audit
    .filter(({ pk, numberTwice }) => numberTwice !== undefined && pk === `finding:${id}`)
    .map(({ numberTwice }) => numberTwice as { number: string; documents: string[] });

function twiceEventId(
  { number, documents }: { number: string; documents: string[] },
  { id }: Merchant,
): string {
  const digest = hash('sha256', JSON.stringify([id, number, documents.at(-1)]), 'hex');
  return `twi_${digest.slice(0, 32)}:1`;
}

/** What was erased of a shop's, and the event that says so. */
function erasuresOf({ audit }: Observation['tables'], { id }: Merchant) {
  return audit.flatMap(({ pk, erasure }) => {
    if (pk !== `erasure:${id}`) return [];
    const { dataSubject, operationId, erasedAt } = erasure as Record<string, string>;
    const digest = hash('sha256', JSON.stringify([id, dataSubject, operationId]), 'hex');
    return [{ dataSubject, erasedAt: String(erasedAt), eventId: `era_${digest.slice(0, 32)}:1` }];
  });
}

const succeeded = ({ refunds }: Payment) => refunds.filter(({ status }) => status === 'succeeded');

/** Refunds that failed after they had succeeded. */
const reversed = ({ refunds }: Payment) =>
  refunds.filter(({ reversalInvoiceNumber }) => reversalInvoiceNumber !== undefined);

const ownOf = (invoices: Document[]) => invoices.filter(({ reverses }) => reverses === undefined);
const reversalsIn = (invoices: Document[]) => invoices.filter(({ reverses }) => reverses !== undefined);

const numberIn = (document: unknown): string | undefined => (document as { number?: string } | null)?.number;

const sum = (amounts: number[]): number => amounts.reduce((total, amount) => total + amount, 0);

const unequal = (what: string, a: number, b: number): string[] =>
  a === b ? [] : [`${what} differ: ${a}, ${b}`];

/** What is in one multiset and not in the other. */
function differences(what: string, expected: string[], found: string[]): string[] {
  const missing = [...expected];
  const extra = found.filter((each) => {
    const at = missing.indexOf(each);
    if (at >= 0) missing.splice(at, 1);
    return at < 0;
  });
  return [
    ...(missing.length > 0 ? [`${what}: missing ${missing.join(', ')}`] : []),
    ...(extra.length > 0 ? [`${what}: unexpected ${extra.join(', ')}`] : []),
  ];
}

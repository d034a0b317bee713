import { isDeepStrictEqual } from 'node:util';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  PutItemCommand,
  ScanCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { catalog, type EventOfType } from '@fanfold/contracts/catalog';
import type { Event } from '@fanfold/contracts/event';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { reasonsOf } from '@fanfold/runtime/failure';
import type { Finding } from '@fanfold/runtime/finding';
import {
  addTotals,
  type ComparedEvent,
  type Next,
  type Numbers,
  type RestoredEvent,
  type Restorer,
  type SeriesFloor,
  type Standing,
  type Total,
  type Totals,
} from '@fanfold/runtime/restore';
import {
  accountOf,
  type BillableEvent,
  creditNoteOf,
  type Issued,
  isBillable,
  type Reversed,
} from '../books.ts';
import { type DocumentRendered, renderingFromEvent } from '../files/rendering.ts';
import type { Difference } from '../reconciliation.ts';
import {
  accountOfDocument,
  type RecordedDocument,
  RestoredAccount,
  readDocument,
  standingOf,
  standingOfMissing,
  standingOfMissingReversal,
} from '../restore.ts';
import { reversalIdOf } from '../reversal.ts';
import { sellerSubject } from '../seller.ts';
import { countOfNumber, seriesOfNumber } from '../series.ts';
import {
  type AccountItem,
  accountItem,
  accountOfItem,
  attributesOf,
  type CreditNoteItem,
  creditNoteItem,
  eventsOfItem,
  findingItem,
  type Indexed,
  issuedOfItem,
  type ReversalItem,
  renderingItem,
  renderingKey,
  reversalItem,
  type SeriesItem,
  type Stored,
  seriesItem,
} from './items.ts';
import { restoreVersion } from './sellers.ts';
import { readAll, tableName } from './table.ts';

/**
 * Brings back from recorded events what a table lacks that was put back to an earlier time. What it writes has no event for
 * the publisher: all of it was published before.
 */
export const billingRestorer: Restorer = { compare, write, totals, series: { behind, raise } };

async function compare(events: ComparedEvent[]): Promise<Standing[]> {
  const corrected = events.flatMap((event) => correctedKeyOf(event) ?? []);
  const stored = await readByKey([...events.map(keyOf), ...corrected]);
  return events.map((event) => standing(event, stored));
}

/** The key of the account that a recorded credit note belongs to, or of the credit note that a recorded invoice reverses. */
function correctedKeyOf({ merchantId, text }: ComparedEvent): string | undefined {
  const event = text === null ? undefined : (JSON.parse(text) as Event);
  if (event && isCreditNote(event)) return `${merchantId}#${event.data.invoiceId}`;
  const reverses = event && isInvoice(event) ? event.data.reverses : undefined;
  return reverses && `${merchantId}#${reverses.creditNoteId}`;
}

const isInvoice = (event: Event): event is EventOfType<'invoice.issued.v1'> =>
  event.type === 'invoice.issued.v1';

const isCreditNote = (event: Event): event is EventOfType<'credit-note.issued.v1'> =>
  event.type === 'credit-note.issued.v1';

/** The key of what is in the table for an event: of the document that follows from it, if it is not billing's. */
function keyOf({ merchantId, id, text }: ComparedEvent): string {
  const event: unknown = text === null ? undefined : JSON.parse(text);
  if (isOfPayment(event)) return `${merchantId}#${documentOf(event)}`;
  // Each version of a seller has an item of its own.
  if (id.startsWith(sellerSubject(''))) return `${merchantId}#${id}`;
  // A document's second event is that of its PDF.
  return /^(inv|cn)_[^:]*:2$/.test(id)
    ? renderingKey(merchantId, subjectOf(id))
    : `${merchantId}#${subjectOf(id)}`;
}

const isOfPayment = (event: unknown): event is BillableEvent => {
  const { type = '', data } = Object(event) as Partial<Event>;
  return isBillable({ type, data: Object(data) });
};

/** The id of the document that follows from an event. */
function documentOf(event: BillableEvent): string {
  switch (event.type) {
    case 'payment.captured.v1':
      return accountOf(event).id;
    case 'payment.refunded.v1':
      return creditNoteOf(event);
    case 'payment.refund-failed.v1':
      return reversalIdOf(event.data.refund.id);
  }
}

const subjectOf = (id: string): string => id.slice(0, id.lastIndexOf(':'));

const readByKey = async (pks: string[]): Promise<Map<string, Stored>> =>
  new Map((await readAll([...new Set(pks)])).map((item) => [item.pk, item]));

function standing(event: ComparedEvent, stored: Map<string, Stored>): Standing {
  const item = stored.get(keyOf(event));
  // A finding has the last event of its day only. Those before it are past.
  const n = Number(event.id.slice(event.id.lastIndexOf(':') + 1));
  if (item && 'finding' in item && item.finding.n > n) return { state: 'same' };
  // Its invoice has no number so far: nothing is missing.
  if (item && 'parkedCapture' in item && event.text !== null && isOfPayment(JSON.parse(event.text)))
    return { state: 'same' };
  const [published] = item ? eventsOfItem({ ...item, said: true } as Stored) : [];
  if (!published || (item && 'finding' in item && item.finding.n < n)) return standingOfAbsent(event, stored);
  if (event.text === null || published.subject !== subjectOf(event.id)) return { state: 'same' };
  // The table does not keep the order of the members of maps, of which a finding has some.
  if (item && 'finding' in item) {
    return isDeepStrictEqual(published, JSON.parse(event.text))
      ? { state: 'same' }
      : { state: 'other', why: 'the day differs in another way' };
  }
  return standingOf(published, event.text);
}

function standingOfAbsent(absent: ComparedEvent, stored: Map<string, Stored>): Standing {
  const event = absent.text === null ? undefined : (JSON.parse(absent.text) as Event);
  // A refund that failed before it succeeded has no document.
  if (event?.type === 'payment.refund-failed.v1' && !isOfPayment(event)) return { state: 'same' };
  const account = stored.get(correctedKeyOf(absent) ?? '');
  if (event && isInvoice(event) && account && 'creditNote' in account)
    return standingOfMissingReversal(account.creditNote, event);
  return event && isCreditNote(event) && account && 'creditNotes' in account
    ? standingOfMissing(accountOfItem(account as AccountItem), event)
    : { state: 'missing' };
}

async function write(events: RestoredEvent[]): Promise<Standing[]> {
  const others = new Map<number, Standing>();
  const documents = new Map<number, RecordedDocument>();
  for (const [i, { text, cause }] of events.entries()) {
    if (cause !== undefined) documents.set(i, readDocument(text, cause));
    else others.set(i, await writeOther(text));
  }
  const standings = await writeDocuments([...documents.values()]);
  return events.map((_, i) => {
    const document = documents.get(i);
    return (document ? standings.get(document) : others.get(i)) ?? { state: 'missing' };
  });
}

/** How often a document is tried again when others of its account are written at the same time. */
const maxAttempts = 10;

/**
 * How many documents of an account are written at once: a transaction has at most 4 MB, one that reverses another writes both, and
 * the largest have some 100 KB.
 */
const maxDocumentsAtOnce = 18;

/** Account by account, each with its invoice first, so that the credit notes find it. */
async function writeDocuments(
  documents: RecordedDocument[],
  attempt = 1,
): Promise<Map<RecordedDocument, Standing>> {
  const byAccount = Map.groupBy(documents, (document) => {
    const { merchantId, id } = accountOfDocument(document);
    return `${merchantId}#${id}`;
  });
  const stored = await readByKey([...byAccount.keys(), ...documents.flatMap(documentKeys)]);
  const standings = new Map<RecordedDocument, Standing>();
  const conflicting: RecordedDocument[] = [];
  const later: RecordedDocument[] = [];
  await Promise.all(
    [...byAccount].map(async ([key, ofAccount]) => {
      const item = stored.get(key) as AccountItem | undefined;
      const account = new RestoredAccount(
        accountOfDocument(ofAccount[0] as RecordedDocument),
        item && accountOfItem(item),
        ...storedOf(ofAccount, stored),
      );
      const inTurn = ofAccount.toSorted(correctedFirst);
      const atOnce = inTurn.slice(0, maxDocumentsAtOnce);
      for (const document of atOnce) standings.set(document, account.put(document));
      if (account.isChanged && !(await save(account))) conflicting.push(...atOnce);
      later.push(...inTurn.slice(maxDocumentsAtOnce));
    }),
  );
  if (conflicting.length > 0 && attempt === maxAttempts)
    throw new Error('Others keep writing the same accounts: try again');
  const again = conflicting.length > 0 ? await writeDocuments(conflicting, attempt + 1) : [];
  const rest = later.length > 0 ? await writeDocuments(later) : [];
  return new Map([...standings, ...again, ...rest]);
}

/** Of a document, and of the credit note that it reverses. */
const documentKeys = ({ kind, issued }: RecordedDocument): string[] =>
  [issued.subject, kind === 'reversal' ? issued.data.reverses?.creditNoteId : undefined].flatMap((id) =>
    id === undefined ? [] : `${issued.merchantid}#${id}`,
  );

/** The stored ones of these documents, and of those that they reverse. */
function storedOf(
  documents: RecordedDocument[],
  stored: Map<string, Stored>,
): [creditNotes: Issued[], reversals: Reversed[]] {
  const keys = new Set(documents.flatMap(documentKeys));
  const items = [...keys].flatMap((key) => stored.get(key) ?? []);
  return [
    items.filter((item): item is CreditNoteItem => 'creditNote' in item).map(issuedOfItem),
    items.filter((item): item is ReversalItem => 'reversal' in item),
  ];
}

const turns: Record<RecordedDocument['kind'], number> = { invoice: 0, 'credit-note': 1, reversal: 2 };

const correctedFirst = (a: RecordedDocument, b: RecordedDocument): number => turns[a.kind] - turns[b.kind];

/** @returns whether it was written: not when somebody else has written the account meanwhile */
async function save({ account, changedCreditNotes, newReversals }: RestoredAccount): Promise<boolean> {
  const { version } = account;
  const ofAccount = {
    ...put(accountItem({ ...account, version: version + 1 }, false)),
    ...(version === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'version = :version',
          ExpressionAttributeValues: { ':version': { N: String(version) } },
        }),
  };
  // A transaction costs twice as much, and most payments have an invoice only.
  if (changedCreditNotes.length + newReversals.length === 0) return isDone(new PutItemCommand(ofAccount));
  const creditNotes = changedCreditNotes.map((issued) => ({
    ...put(creditNoteItem({ ...issued, isNew: false })),
    ConditionExpression: issued.isNew ? 'attribute_not_exists(pk)' : 'attribute_exists(pk)',
  }));
  const reversals = newReversals.map((reversed) => ({
    ...put({ ...reversalItem(reversed), said: false }),
    ConditionExpression: 'attribute_not_exists(pk)',
  }));
  try {
    const writes = [ofAccount, ...creditNotes, ...reversals].map((Put) => ({ Put }));
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));
    return true;
  } catch (error) {
    const causes = reasonsOf(error).map(({ cause }) => cause);
    if (causes.some((cause) => cause === 'condition' || cause === 'conflict')) return false;
    throw error;
  }
}

/** @returns whether its condition was true */
async function isDone(command: PutItemCommand | UpdateItemCommand): Promise<boolean> {
  try {
    await dynamodb.send(command as PutItemCommand);
    return true;
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false;
    throw error;
  }
}

const put = (item: Stored) => ({
  TableName: tableName(),
  Item: attributesOf(item),
});

/** What was not issued for another event. */
function writeOther(text: string): Promise<Standing> {
  const { type } = JSON.parse(text) as { type: string };
  if (type === 'seller.changed.v1') return writeSeller(text);
  return type.includes('.rendered.') ? writeRendering(text) : writeFinding(text);
}

/** Each version is brought back, and the highest one is the current seller, whatever order they come in. */
async function writeSeller(text: string): Promise<Standing> {
  const event = catalog['seller.changed.v1'].schema.parse(JSON.parse(text));
  const { merchantid, correlationid, causationid, traceparent, time, data } = event;
  await restoreVersion({
    merchantId: merchantid,
    ...data,
    changedAt: time,
    trace: { correlationid, causationid, traceparent },
  });
  return compare([{ merchantId: merchantid, id: event.id, text }]).then(([standing]) => standing as Standing);
}

/** Which PDF a document has. The PDF itself is in a bucket, which no restore of a table touches. */
async function writeRendering(text: string): Promise<Standing> {
  const value = JSON.parse(text);
  const event: DocumentRendered = catalog[value.type as DocumentRendered['type']].schema.parse(value);
  await isDone(
    new PutItemCommand({
      ...put({ ...renderingItem(event.merchantid, renderingFromEvent(event)), said: false }),
      ConditionExpression: 'attribute_not_exists(rendering)',
    }),
  );
  return compare([{ merchantId: event.merchantid, id: event.id, text }]).then(
    ([standing]) => standing as Standing,
  );
}

/** A finding is of the last of its events that is recorded. Whether it was mended is in no event: it is compared again. */
async function writeFinding(text: string): Promise<Standing> {
  const event = catalog['billing.reconciliation-failed.v1'].schema.parse(JSON.parse(text));
  const { merchantid, correlationid, causationid, traceparent, sequence, time, data } = event;
  const { date, ...difference } = data;
  const finding: Finding<Difference> = {
    merchantId: merchantid,
    date,
    difference,
    n: Number(sequence),
    foundAt: time,
    trace: { correlationid, causationid, traceparent },
    mendedAt: null,
  };
  await isDone(
    new PutItemCommand({
      ...put(findingItem(finding, false)),
      ConditionExpression: 'attribute_not_exists(pk) OR finding.n < :n',
      ExpressionAttributeValues: { ':n': { N: String(finding.n) } },
    }),
  );
  return compare([{ merchantId: merchantid, id: event.id, text }]).then(([standing]) => standing as Standing);
}

async function behind(floors: SeriesFloor[]): Promise<SeriesFloor[]> {
  const stored = await readByKey(floors.map(({ merchantId, name }) => `${merchantId}#${name}`));
  return floors.filter(({ merchantId, name, count }) => {
    const item = stored.get(`${merchantId}#${name}`) as SeriesItem | undefined;
    return (item?.count ?? 0) < count;
  });
}

async function raise(floors: SeriesFloor[]): Promise<void> {
  await Promise.all(floors.map(raiseSeries));
}

async function raiseSeries({ merchantId, name, count, lastIssuedAt }: SeriesFloor): Promise<void> {
  const { pk, ...series } = seriesItem({ merchantId, name, count, lastIssuedAt });
  await isDone(
    new UpdateItemCommand({
      TableName: tableName(),
      Key: { pk: { S: pk } },
      UpdateExpression:
        'SET merchantId = :merchantId, #name = :name, #count = :count, lastIssuedAt = :lastIssuedAt REMOVE lastIssueDate',
      ConditionExpression: 'attribute_not_exists(pk) OR #count < :count',
      ExpressionAttributeNames: { '#name': 'name', '#count': 'count' },
      ExpressionAttributeValues: marshall({
        ':merchantId': series.merchantId,
        ':name': series.name,
        ':count': series.count,
        ':lastIssuedAt': series.lastIssuedAt,
      }),
    }),
  );
}

/** A part has some 5,000 documents: what one call reads of the index. */
async function totals(after: Next | undefined): Promise<Totals> {
  const { Items = [], LastEvaluatedKey } = await dynamodb.send(
    new ScanCommand({
      TableName: tableName(),
      IndexName: 'ByMerchant',
      ExclusiveStartKey: after && marshall(after),
    }),
  );
  const documents = (Items as Record<string, AttributeValue>[]).map((item) => {
    const { documents, number, ...indexed } = unmarshall(item) as Indexed;
    const [, merchantId = '', kind] = /^(.*)#(.*)$/.exec(documents) ?? [];
    return { merchantId, kind, number, ...indexed };
  });
  const numbers = Map.groupBy(
    documents,
    ({ merchantId, number }) => `${merchantId}#${seriesOfNumber(number)}`,
  );
  return {
    totals: addTotals(
      documents.map(
        ({ merchantId, kind, issueDate, currency, amount }): Total => ({
          merchantId,
          date: issueDate,
          type: `${kind}.issued.v1`,
          currency,
          count: 1,
          // Of an invoice that reverses a credit note it is negative.
          amountMinor: Math.abs(amount),
        }),
      ),
    ),
    numbers: [...numbers].map(
      ([key, ofSeries]): Numbers => ({
        merchantId: key.slice(0, key.lastIndexOf('#')),
        series: key.slice(key.lastIndexOf('#') + 1),
        numbers: ofSeries.map(({ number }) => countOfNumber(number)),
      }),
    ),
    ...(LastEvaluatedKey && { next: unmarshall(LastEvaluatedKey) as Next }),
  };
}

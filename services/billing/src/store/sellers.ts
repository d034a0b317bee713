import { type TransactWriteItem, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { eventId, type Trace } from '@fanfold/contracts/event';
import { type SellerBody, type SellerVersion, seller } from '@fanfold/contracts/seller';
import { defaultSeller } from '@fanfold/runtime/defaultSeller';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { reasonsOf } from '@fanfold/runtime/failure';
import type { Request } from '@fanfold/runtime/http';
import { derivedId, fingerprintOf, refuseReusedKey, stillRunning } from '@fanfold/runtime/idempotency';
import { invalidRequest } from '@fanfold/runtime/refusal';
import {
  type CurrentSeller,
  changedSeller,
  prefixesWith,
  readSeller,
  type SellerChange,
  sellerSubject,
} from '../seller.ts';
import { storeFile } from './files.ts';
import type { SellerItem, SellerRequestItem, SellerVersionItem, Stored } from './items.ts';
import { read, readAll, tableName } from './table.ts';

/** The key of a merchant's current seller. */
export const sellerKey = (merchantId: string): string => `${merchantId}#${sellerSubject(merchantId)}`;

/** The current sellers of merchants. Missing is one that neither has its own nor a default of the stage. */
export async function readSellers(merchantIds: string[]): Promise<Map<string, SellerVersion>> {
  const items = await readAll([...new Set(merchantIds)].map(sellerKey));
  const stored = new Map(items.map((item) => [item.pk, item]));
  return new Map(
    merchantIds.flatMap((merchantId) => {
      const current = currentSeller(stored.get(sellerKey(merchantId)));
      return current ? [[merchantId, current]] : [];
    }),
  );
}

/** The seller that an item at {@link sellerKey} is, or without an item the stage's default. */
export function currentSeller(item: Stored | undefined): SellerVersion | undefined {
  return item ? ownSeller(item) : defaultSeller();
}

const ownSeller = (item: Stored): CurrentSeller => {
  const { pk: _pk, ...current } = item as SellerItem;
  return { ...current, seller: seller.parse(current.seller) };
};

/** A merchant's current seller, with when it was put if it is the merchant's own. */
export async function loadSeller(
  merchantId: string,
): Promise<(SellerVersion & { changedAt?: string }) | undefined> {
  return currentSeller(await read(merchantId, sellerSubject(merchantId)));
}

/** How often it retries when others put the same seller at the same time. */
const maxAttempts = 5;

/**
 * Makes a seller the current one of a merchant, as a new version unless it is the same. The request's key is kept with what it
 * asked for, so that it has its effect once: also when it changed nothing, as others may change the seller meanwhile.
 *
 * @throws Refusal 422 when no document could be issued for it, or the key was used for another one
 */
export async function putSeller({
  caller: { merchantId },
  body,
  idempotencyKey,
  now,
  trace,
}: Request<SellerBody>): Promise<{ current: CurrentSeller; replayed: boolean }> {
  const requestKey = `${merchantId}#${derivedId('put', idempotencyKey, 'PUT /seller')}`;
  const fingerprint = fingerprintOf(body);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const items = new Map(
      (await readAll([requestKey, sellerKey(merchantId)])).map((item) => [item.pk, item]),
    );
    const stored = items.get(sellerKey(merchantId));
    const current = stored && ownSeller(stored);
    const request = items.get(requestKey) as SellerRequestItem | undefined;
    if (request && request.fingerprint !== fingerprint) refuseReusedKey();
    if (request && current) return { current, replayed: true };
    const { seller: given, file, errors } = readSeller(body, current);
    if (errors.length > 0) throw invalidRequest('The body', errors);
    // Before the seller who has it: a document never refers to a logo that is not there.
    if (file) await storeFile(file);
    const changed = changedSeller(given, current, { merchantId, now });
    const writes = [
      putNew({ pk: requestKey, merchantId, fingerprint }),
      ...(changed ? putVersion(changed, trace) : []),
    ];
    if (await commit(writes)) return { current: changed ?? (current as CurrentSeller), replayed: false };
  }
  throw stillRunning();
}

/** The writes of a new version: its own item, which has its event, and the current one, if nobody has put another. */
function putVersion(current: CurrentSeller, trace: Trace): TransactWriteItem[] {
  const { prefixes: _prefixes, ...version } = current;
  return [
    putNew({ ...version, trace, pk: versionKey(version), said: true }),
    putCurrent(current, current.version - 1),
  ];
}

/** @param before the version that was read; 0 for none */
const putCurrent = (current: CurrentSeller, before: number): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: marshall({ ...current, pk: sellerKey(current.merchantId) } satisfies SellerItem),
    ...(before === 0
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'version = :before',
          ExpressionAttributeValues: marshall({ ':before': before }),
        }),
  },
});

/** The key of one version: that of its event. */
export const versionKey = ({ merchantId, version }: { merchantId: string; version: number }): string =>
  `${merchantId}#${eventId(sellerSubject(merchantId), version)}`;

const putNew = (item: SellerVersionItem | SellerRequestItem): TransactWriteItem => ({
  Put: {
    TableName: tableName(),
    Item: marshall(item),
    ConditionExpression: 'attribute_not_exists(pk)',
  },
});

/** Brings a version back that was published before. The highest one is the current seller. */
export async function restoreVersion({ trace, ...version }: SellerChange): Promise<void> {
  const { merchantId, seller: given } = version;
  await commit([putNew({ ...version, trace, pk: versionKey(version), said: false })]);
  for (let attempt = 1; attempt <= maxAttempts; attempt++) {
    const [stored] = await readAll([sellerKey(merchantId)]);
    const current = stored && ownSeller(stored);
    const prefixes = prefixesWith(given, current);
    const newest = current && current.version > version.version ? current : version;
    if (await commit([putCurrent({ ...newest, prefixes }, current?.version ?? 0)])) return;
  }
  throw new Error(`Others keep putting the seller of ${merchantId}: try again`);
}

/** @returns whether all was written: not when others have written meanwhile */
async function commit(writes: TransactWriteItem[]): Promise<boolean> {
  try {
    await dynamodb.send(new TransactWriteItemsCommand({ TransactItems: writes }));
    return true;
  } catch (error) {
    const causes = reasonsOf(error).map(({ cause }) => cause);
    if (causes.some((cause) => cause === 'condition' || cause === 'conflict')) return false;
    throw error;
  }
}

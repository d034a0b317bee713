import { randomUUID } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { maxLogoBytes, maxSellerBodyBytes, sellerRequest } from '@fanfold/contracts/seller';
import { described } from '@fanfold/description/answers';
import { logoPng, pngOf } from '@fanfold/invoicing/pdfFixtures';
import { useEndpoints } from '@fanfold/local-cloud/emulators';
import { signToken } from '@fanfold/local-cloud/issuer';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { provision } from '@fanfold/local-cloud/provision';
import { type Stack, startStack } from '@fanfold/local-cloud/stack';
import { dynamodb } from '@fanfold/runtime/dynamodb';
import { captureLog } from '@fanfold/runtime/logFixtures';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sha256 } from './files/written.ts';
import * as get from './functions/getSeller.ts';
import * as put from './functions/putSeller.ts';
import { keyOfLogo } from './logo.ts';
import { readFile } from './store/files.ts';
import { eventsOfItem, type Stored } from './store/items.ts';

const { getSeller, putSeller } = described('billing', { getSeller: get.handler, putSeller: put.handler });
type Chunk = [type: string, data: Buffer];
const grey = (...more: Chunk[]) => pngOf(10, 10, [8, 0], deflateSync(Buffer.alloc(110)), undefined, more);
const byDefault = { legalName: 'Default BV', address: { country: 'BE' }, vatId: 'BE0403019261' };

let stack: Stack;
captureLog();

beforeAll(async () => {
  stack = await startStack(await freeBasePort());
  const { endpoints, issuer } = stack.description;
  useEndpoints(endpoints);
  const { Table, DocumentsBucket } = await templateOf('billing');
  const { MarksBucket } = await templateOf('bus');
  if (!Table || !DocumentsBucket || !MarksBucket) throw new Error('it lacks one');
  await provision({ Table, DocumentsBucket, MarksBucket }, endpoints);
  Object.assign(process.env, {
    BILLING_TABLE_NAME: Table.Properties.TableName,
    DOCUMENTS_BUCKET_NAME: DocumentsBucket.Properties.BucketName,
    MARKS_BUCKET_NAME: MarksBucket.Properties.BucketName,
    DEFAULT_SELLER: JSON.stringify(byDefault),
    TOKEN_ISSUER: issuer,
    TOKEN_AUDIENCE: 'fanfold',
  });
});
afterAll(() => stack?.stop());

const context = { getRemainingTimeInMillis: () => 15_000 } as never;

const ask = (method: 'GET' | 'PUT', merchantId: string, body?: unknown, key?: string) =>
  send(method, merchantId, body === undefined ? undefined : JSON.stringify(body), key);

async function send(method: 'GET' | 'PUT', merchantId: string, body?: string, key = randomUUID() as string) {
  const { issuer } = stack.description;
  const scopes = [method === 'GET' ? 'seller:read' : 'seller:write'];
  const token = await signToken({ issuer, subject: 'test', merchantId, scopes, expiresInSeconds: 60 });
  const answered = await (method === 'GET' ? getSeller : putSeller)(
    {
      headers: {
        authorization: `Bearer ${token}`,
        ...(key && { 'idempotency-key': key }),
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body }),
      requestContext: { http: { method, path: '/seller' } },
    } as never,
    context,
  );
  const { statusCode, headers } = answered;
  return {
    status: statusCode,
    replayed: headers?.['Idempotent-Replayed'] === 'true',
    body: JSON.parse(answered.body ?? ''),
  };
}

const seller = (changes: object = {}) => ({ ...byDefault, legalName: 'Own BV', ...changes });

/** The events that the table has for a merchant's sellers, in the order of their versions. */
async function changes(merchantId: string) {
  const { Items = [] } = await dynamodb.send(new ScanCommand({ TableName: process.env.BILLING_TABLE_NAME }));
  return Items.map((item) => unmarshall(item) as Stored)
    .flatMap(eventsOfItem)
    .filter(({ merchantid }) => merchantid === merchantId)
    .map(({ id, data }) => [id, (data as { seller: { legalName: string } }).seller.legalName])
    .sort();
}

describe('The seller of a merchant', () => {
  test('is the default of the stage, until the merchant puts its own', async () => {
    expect(await ask('GET', 'first')).toMatchObject({
      status: 200,
      body: { object: 'seller', version: 0, ...byDefault, updatedAt: null },
    });
    const { status, body } = await ask('PUT', 'first', seller({ numberingPrefix: 'OWN' }));
    expect([status, body]).toEqual([
      200,
      {
        object: 'seller',
        version: 1,
        ...sellerRequest.parse(seller({ numberingPrefix: 'OWN' })),
        updatedAt: expect.any(String),
      },
    ]);
    expect((await ask('GET', 'first')).body).toEqual(body);
    expect((await ask('GET', 'another')).body).toMatchObject({ version: 0, ...byDefault });
  });

  test('has a logo, whose bytes are stored once and which stays when it is named by its hash', async () => {
    const data = Buffer.from(logoPng()).toString('base64');
    const { body } = await ask(
      'PUT',
      'drawing',
      seller({ logo: { data, alternativeText: 'Folded sheets' } }),
    );
    const { logo } = body;
    expect(logo).toEqual({
      sha256: sha256(logoPng()),
      contentType: 'image/png',
      alternativeText: 'Folded sheets',
    });
    expect(sha256(await readFile(keyOfLogo(logo.sha256)))).toBe(logo.sha256);
    const { object: _, version: _version, updatedAt: _at, ...shown } = (await ask('GET', 'drawing')).body;
    expect((await ask('PUT', 'drawing', { ...shown, legalName: 'Other BV' })).body).toMatchObject({
      version: 2,
      logo,
    });
    expect((await ask('PUT', 'drawing', seller())).body).not.toHaveProperty('logo');
    const refused = await ask('PUT', 'drawing', { ...shown, legalName: 'Third BV' });
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [
        {
          pointer: '#/logo/sha256',
          detail: 'must be that of the current logo: another one is given by its data',
        },
      ],
    ]);
  });

  test('has a logo of as many bytes as one may have, beside the longest texts, and of none more', async () => {
    const text = Buffer.alloc(maxLogoBytes - grey().length - 12);
    const logoOf = (...more: Chunk[]) => ({ logo: { data: Buffer.from(grey(...more)).toString('base64') } });
    const legalNote = '\u00e9'.repeat(1000);
    const { status, body } = await ask('PUT', 'large', seller({ ...logoOf(['tEXt', text]), legalNote }));
    expect([status, (await readFile(keyOfLogo(body.logo?.sha256))).length]).toEqual([200, maxLogoBytes]);
    const larger = logoOf(['tEXt', Buffer.concat([text, Buffer.alloc(1)])]);
    expect((await ask('PUT', 'large', seller(larger))).status).toBe(422);
    const largest = `{"legalName":"Own BV"}`.padStart(maxSellerBodyBytes + 1);
    expect((await send('PUT', 'large', largest)).body).toMatchObject({ status: 413, code: 'body_too_large' });
  });

  test.each([
    ['#/logo/data', { data: 'bG9nbw==' }, 'is neither PNG nor JPEG'],
    ['#/logo/data', { data: 'no base64' }, 'must be the bytes of a PNG or JPEG in base64'],
    ['#/logo', {}, expect.stringContaining('must have data, a PNG or JPEG')],
  ])('has no logo that cannot be drawn: %s %j', async (pointer, logo, detail) => {
    const { status, body } = await ask('PUT', 'drawing-badly', seller({ logo }));
    expect([status, body.errors]).toEqual([422, [{ pointer, detail }]]);
  });

  test('has a version and an event for each change, and none for a seller that is the same', async () => {
    await ask('PUT', 'changing', seller());
    await ask('PUT', 'changing', seller());
    const { body } = await ask('PUT', 'changing', seller({ legalName: 'Other BV' }));
    expect(body.version).toBe(2);
    expect(await changes('changing')).toEqual([
      ['seller_changing:1', 'Own BV'],
      ['seller_changing:2', 'Other BV'],
    ]);
  });

  test('changes once for a key, also when others have changed it meanwhile', async () => {
    const first = await ask('PUT', 'repeating', seller(), 'key-1');
    const unchanged = await ask('PUT', 'repeating', seller(), 'key-2');
    const second = await ask('PUT', 'repeating', seller({ legalName: 'Other BV' }), 'key-3');
    expect([first, unchanged, second].map(({ replayed }) => replayed)).toEqual([false, false, false]);
    for (const key of ['key-1', 'key-2']) {
      expect(await ask('PUT', 'repeating', seller(), key)).toEqual({ ...second, replayed: true });
    }
    expect(await changes('repeating')).toHaveLength(2);
    expect(await ask('PUT', 'repeating', seller({ legalName: 'Third BV' }), 'key-1')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await ask('PUT', 'repeating', seller(), '')).toMatchObject({
      status: 400,
      body: { code: 'idempotency_key_missing' },
    });
  });

  test('is one of those that were put at the same time, with a version for each', async () => {
    const names = ['A BV', 'B BV', 'C BV'];
    const put = await Promise.all(names.map((legalName) => ask('PUT', 'busy', seller({ legalName }))));
    expect(put.map(({ status }) => status)).toEqual([200, 200, 200]);
    const versions = await changes('busy');
    expect(versions.map(([, legalName]) => legalName).sort()).toEqual(names);
    expect((await ask('GET', 'busy')).body).toMatchObject({ version: 3, legalName: versions[2]?.[1] });
  });

  test('is refused when no document could be issued for it, with each field and rule', async () => {
    const { status, body } = await ask(
      'PUT',
      'wrong',
      seller({ vatId: 'BE0403019262', legalName: '\u00ad' }),
    );
    expect([status, body.code, body.errors]).toEqual([
      422,
      'invalid_request',
      [{ pointer: '#/legalName', detail: 'must have at least one visible character' }],
    ]);
    expect(await ask('PUT', 'wrong', seller({ vatId: 'BE0403019262' }))).toMatchObject({
      status: 422,
      body: {
        errors: [
          {
            pointer: '#/vatId',
            detail: 'is no VAT id of BE: its length or check digits are wrong',
            rule: 'vat-id',
          },
        ],
      },
    });
    expect((await ask('GET', 'wrong')).body.version).toBe(0);
  });

  test('is missing where the stage has no default', async () => {
    const given = process.env.DEFAULT_SELLER;
    process.env.DEFAULT_SELLER = 'null';
    try {
      expect(await ask('GET', 'nobody')).toMatchObject({ status: 404, body: { code: 'not_found' } });
    } finally {
      process.env.DEFAULT_SELLER = given;
    }
  });
});

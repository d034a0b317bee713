import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
  sign,
} from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { accountId, region } from '../account.ts';
import { isForeign } from '../foreign.ts';
import { damaged } from '../stack/dataFolder.ts';

/** The only kind of key that the emulator has: Ed25519 signing keys. */
export const keyKind = { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage: 'SIGN_VERIFY' } as const;

/**
 * A tag that sets the id of a new key, where KMS would choose one: templates are resolved before anything exists.
 * Other emulators use the same name.
 */
export const keyIdTag = '_custom_id_';

export type Kms = { endpoint: string; stop(): Promise<void> };

/**
 * Starts an emulator of AWS KMS on a free port of 127.0.0.1: CreateKey, CreateAlias, UpdateAlias, GetPublicKey and
 * Sign, as https://docs.aws.amazon.com/kms/latest/APIReference describes them, for Ed25519 signing keys. It answers for Secrets
 * Manager's GetSecretValue too, with {@link secrets}.
 *
 * Keys live as long as what they have signed: in `kms.json` in `dataFolder`, or in memory if none is given. An old key
 * with a new log would look like a log that was rewritten.
 *
 * @param dataFolder exists already.
 * @throws when `kms.json` is there and cannot be read.
 */
export async function startKms(dataFolder?: string): Promise<Kms> {
  const keyring = new Keyring(dataFolder && join(dataFolder, 'kms.json'));
  const server = createServer((request, response) => {
    answer(request, response, keyring).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

type Input = Record<string, unknown>;

async function answer(request: IncomingMessage, response: ServerResponse, keyring: Keyring): Promise<void> {
  const body = await text(request);
  const reply = (status: number, value: object) =>
    response
      .writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': randomUUID() })
      .end(JSON.stringify(value));
  if (isForeign(request)) {
    reply(403, { message: 'Requests come from this machine only.' });
    return;
  }
  try {
    const operation = operations.get(String(request.headers['x-amz-target']));
    if (!operation)
      throw new KmsError('UnknownOperationException', 'The local KMS does not know this operation.');
    reply(200, operation(parse(body), keyring));
  } catch (error) {
    const [status, name] = error instanceof KmsError ? [400, error.name] : [500, 'KMSInternalException'];
    reply(status, { __type: name, message: (error as Error).message });
  }
}

function parse(body: string): Input {
  try {
    const input: unknown = JSON.parse(body);
    if (typeof input === 'object' && input !== null) return input as Input;
  } catch {}
  throw new KmsError('SerializationException', 'The request is not a JSON object.');
}

/** An error with its name in KMS, such as NotFoundException. */
class KmsError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

const operations = new Map<string, (input: Input, keyring: Keyring) => object>([
  ['TrentService.CreateKey', createKey],
  ['TrentService.CreateAlias', createAlias],
  ['TrentService.UpdateAlias', updateAlias],
  ['TrentService.GetPublicKey', getPublicKey],
  ['TrentService.Sign', signMessage],
  ['secretsmanager.GetSecretValue', getSecretValue],
]);

/** What Secrets Manager has here, by name: the process that starts the emulators puts it there, for as long as it runs. */
export const secrets = new Map<string, string>();

/** https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html */
function getSecretValue({ SecretId }: Input): object {
  const Name = String(SecretId);
  const SecretString = secrets.get(Name);
  if (SecretString === undefined) {
    throw new KmsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
  }
  const ARN = `arn:aws:secretsmanager:${region}:${accountId}:secret:${Name}-abcdef`;
  return { ARN, Name, SecretString };
}

function createKey(input: Input, keyring: Keyring): object {
  const { Description = '', Tags = [] } = input as { Description?: string; Tags?: Tag[] };
  const KeySpec = input.KeySpec ?? 'SYMMETRIC_DEFAULT';
  if (KeySpec !== keyKind.KeySpec) {
    const message = `The local KMS has ${keyKind.KeySpec} keys only, not ${KeySpec}.`;
    throw new KmsError('UnsupportedOperationException', message);
  }
  if (input.KeyUsage !== keyKind.KeyUsage) {
    const message = `KeyUsage ${input.KeyUsage} is not compatible with KeySpec ${KeySpec}: it has to be ${keyKind.KeyUsage}.`;
    throw new KmsError('ValidationException', message);
  }
  for (const name of ['CustomKeyStoreId', 'MultiRegion', 'Origin', 'XksKeyId']) {
    if (input[name]) throw new KmsError('UnsupportedOperationException', `The local KMS has no ${name}.`);
  }
  const id = Tags.find(({ TagKey }) => TagKey === keyIdTag)?.TagValue ?? randomUUID();
  const key = keyring.addKey(id);
  return {
    KeyMetadata: {
      ...keyKind,
      AWSAccountId: accountId,
      Arn: keyArn(id),
      CreationDate: key.createdAt.getTime() / 1_000,
      Description,
      Enabled: true,
      KeyId: id,
      KeyManager: 'CUSTOMER',
      KeyState: 'Enabled',
      MultiRegion: false,
      Origin: 'AWS_KMS',
      SigningAlgorithms: [signingAlgorithm],
    },
  };
}

type Tag = { TagKey: string; TagValue: string };

function createAlias({ AliasName, TargetKeyId }: Input, keyring: Keyring): object {
  const name = aliasName(AliasName);
  const key = targetKey(TargetKeyId, keyring);
  if (keyring.hasAlias(name)) {
    throw new KmsError('AlreadyExistsException', `An alias with the name ${arn(name)} already exists`);
  }
  keyring.setAlias(name, key.id);
  return {};
}

function updateAlias({ AliasName, TargetKeyId }: Input, keyring: Keyring): object {
  const name = aliasName(AliasName);
  const key = targetKey(TargetKeyId, keyring);
  if (!keyring.hasAlias(name)) throw new KmsError('NotFoundException', `Alias ${arn(name)} is not found.`);
  keyring.setAlias(name, key.id);
  return {};
}

function aliasName(value: unknown): string {
  const name = requiredText('aliasName', value, 256);
  if (name.startsWith('alias/aws/')) throw new KmsError('NotAuthorizedException', 'alias/aws/ is reserved.');
  if (/^alias\/[a-zA-Z0-9/_-]+$/.test(name)) return name;
  throw new KmsError('ValidationException', `${name} is not alias/ and letters, digits, /, _ and -.`);
}

function targetKey(value: unknown, keyring: Keyring): Key {
  const id = requiredText('targetKeyId', value, 2_048);
  if (isAlias(id)) throw new KmsError('ValidationException', 'Aliases must refer to keys. Not aliases');
  return keyring.find(id);
}

function getPublicKey({ KeyId }: Input, keyring: Keyring): object {
  const { id, privateKey } = keyring.find(requiredText('keyId', KeyId, 2_048));
  return {
    ...keyKind,
    KeyId: keyArn(id),
    PublicKey: createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).toString('base64'),
    SigningAlgorithms: [signingAlgorithm],
  };
}

/** Pure Ed25519 (RFC 8032): SHA-512 is part of it, and the message is not hashed before. */
const signingAlgorithm = 'ED25519_SHA_512';
const longestMessageBytes = 4_096;

function signMessage(input: Input, keyring: Keyring): object {
  const { id, privateKey } = keyring.find(requiredText('keyId', input.KeyId, 2_048));
  const message = Buffer.from(requiredText('message', input.Message), 'base64');
  if (message.length < 1 || message.length > longestMessageBytes) {
    throw invalid('message', `Member must have a length from 1 to ${longestMessageBytes} bytes`);
  }
  const algorithm = requiredText('signingAlgorithm', input.SigningAlgorithm);
  if (algorithm !== signingAlgorithm) {
    const explanation = `Algorithm ${algorithm} is not ${signingAlgorithm}, the only one of keys of the local KMS.`;
    throw new KmsError('InvalidKeyUsageException', explanation);
  }
  const messageType = input.MessageType ?? 'RAW';
  if (messageType !== 'RAW')
    throw invalid('messageType', `${signingAlgorithm} wants RAW, not ${messageType}`);
  return {
    KeyId: keyArn(id),
    Signature: sign(null, message, privateKey).toString('base64'),
    SigningAlgorithm: signingAlgorithm,
  };
}

function requiredText(name: string, value: unknown, longest = Number.POSITIVE_INFINITY): string {
  if (typeof value !== 'string') throw invalid(name, 'Member must not be null');
  if (value.length >= 1 && value.length <= longest) return value;
  throw invalid(name, `Member must have a length from 1 to ${longest}`);
}

const invalid = (name: string, constraint: string) =>
  new KmsError(
    'ValidationException',
    `1 validation error detected: Value at '${name}' failed to satisfy constraint: ${constraint}`,
  );

const arn = (resource: string) => `arn:aws:kms:${region}:${accountId}:${resource}`;
const keyArn = (id: string) => arn(`key/${id}`);
/** By its name or ARN. */
const isAlias = (id: string) => /^(arn:.*:)?alias\//.test(id);

type Key = { id: string; createdAt: Date; privateKey: KeyObject };

/** The keyring as it is stored: private keys as base64 of PKCS #8. */
type Stored = {
  keys: { id: string; createdAt: string; privateKey: string }[];
  aliases: [name: string, keyId: string][];
};

class Keyring {
  readonly #file: string | undefined;
  readonly #keys = new Map<string, Key>();
  readonly #aliases = new Map<string, string>();

  constructor(file: string | undefined) {
    this.#file = file;
    if (!file) return;
    try {
      this.#load(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw damaged(file, error);
    }
  }

  #load(file: string): void {
    const { keys, aliases } = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    for (const { id, createdAt, privateKey } of keys) {
      this.#keys.set(id, {
        id,
        createdAt: new Date(createdAt),
        privateKey: createPrivateKey({
          key: Buffer.from(privateKey, 'base64'),
          type: 'pkcs8',
          format: 'der',
        }),
      });
    }
    for (const [name, keyId] of aliases) this.#aliases.set(name, keyId);
  }

  addKey(id: string): Key {
    if (this.#keys.has(id)) throw new KmsError('AlreadyExistsException', `Key ${keyArn(id)} already exists.`);
    const key = { id, createdAt: new Date(), privateKey: generateKeyPairSync('ed25519').privateKey };
    this.#keys.set(id, key);
    this.#save();
    return key;
  }

  hasAlias(name: string): boolean {
    return this.#aliases.has(name);
  }

  setAlias(name: string, keyId: string): void {
    this.#aliases.set(name, keyId);
    this.#save();
  }

  /** @param keyId a key's id or ARN, or an alias's name or ARN */
  find(keyId: string): Key {
    const name = keyId.startsWith(keyArn(''))
      ? keyId.slice(keyArn('').length)
      : keyId.replace(arn('alias/'), 'alias/');
    const key = this.#keys.get(isAlias(name) ? (this.#aliases.get(name) ?? '') : name);
    if (key) return key;
    const message = isAlias(keyId) ? `Alias ${keyId} is not found.` : `Key '${keyId}' does not exist`;
    throw new KmsError('NotFoundException', message);
  }

  /** Written to another file and renamed, before the response: no key that has signed is lost. */
  #save(): void {
    if (!this.#file) return;
    const stored: Stored = {
      keys: [...this.#keys.values()].map(({ id, createdAt, privateKey }) => ({
        id,
        createdAt: createdAt.toISOString(),
        privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      })),
      aliases: [...this.#aliases],
    };
    const draft = `${this.#file}.${randomUUID()}`;
    writeFileSync(draft, JSON.stringify(stored), { mode: 0o600 });
    renameSync(draft, this.#file);
  }
}

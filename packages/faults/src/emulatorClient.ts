import { once } from 'node:events';
import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { signatureFor } from '@fanfold/local-cloud/account';
import type { Endpoints } from '@fanfold/local-cloud/emulators';
import { type Fault, StripeFake } from '@fanfold/stripe-fake/stripeFake';
import { WitnessFake } from '@fanfold/witness-fake/witnessFake';
import type { Answer, Call } from './calls.ts';

/** Asks emulators over connections that stay. Not through the SDK, which would take a fifth of a run. */
export class EmulatorClient {
  readonly #endpoints: Endpoints;
  readonly #agent = new http.Agent({ keepAlive: true });
  /** Its state is in this process. */
  stripe = new StripeFake();
  /** The one outside, which belongs to nobody here. */
  witness = new WitnessFake({ logKeys: [] });

  constructor(endpoints: Endpoints) {
    this.#endpoints = endpoints;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** Sends a request as it is. */
  async send(
    protocol: Call['protocol'],
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    body: string | Buffer = '',
  ): Promise<Answer> {
    const endpoint = this.#endpoints[endpointOf[protocol as keyof typeof endpointOf] ?? 'aws'];
    const { host, 'content-length': _length, connection, ...rest } = headers;
    const sent = http.request(new URL(path, endpoint), {
      method,
      agent: this.#agent,
      headers: { ...rest, 'content-length': Buffer.byteLength(body) },
    });
    sent.end(body);
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    const kept = { ...response.headers };
    // These are about this connection, and about a body that may be changed on the way.
    for (const name of ['connection', 'keep-alive', 'transfer-encoding', 'content-length']) delete kept[name];
    return { status: response.statusCode as number, headers: kept, body: await buffer(response) };
  }

  /** Asks Stripe's fake, which has no connections that could break: that is left to the network. */
  askStripe(
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    body: string | Buffer,
    fault?: Fault,
  ): Answer {
    this.stripe.fault = () => fault;
    const answer = this.stripe.answer({
      method,
      path,
      headers: headers as Record<string, string>,
      body: String(body),
    });
    if (!answer) throw new Error(`Stripe's fake did not answer, because of ${fault}`);
    return answer;
  }

  /** Asks the witness outside. */
  askWitness(body: string | Buffer): Answer {
    const answer = this.witness.addCheckpoint(String(body));
    if (!answer) throw new Error(`The witness did not answer, because of ${this.witness.fault}`);
    return answer;
  }

  /**
   * Asks for an operation on nobody's behalf: nothing of it is part of a run. Input and output are as on the wire.
   *
   * @throws when it is refused
   */
  async ask<Output>(service: keyof typeof targets, operation: string, input: object): Promise<Output> {
    const { protocol, target, version } = targets[service];
    const headers = {
      ...signatureFor(protocol),
      'content-type': `application/x-amz-json-${version}`,
      'x-amz-target': `${target}.${operation}`,
    };
    const { status, body } = await this.send(protocol, 'POST', '/', headers, JSON.stringify(input));
    if (status !== 200) throw new Error(`${operation} was answered ${status} ${body}`);
    return (body.length === 0 ? {} : JSON.parse(String(body))) as Output;
  }
}

/** All others are at `aws`. */
const endpointOf = { dynamodb: 'dynamodb', kms: 'kms', secretsmanager: 'kms' } as const;

const targets = {
  dynamodb: { protocol: 'dynamodb', target: 'DynamoDB_20120810', version: '1.0' },
  streams: { protocol: 'dynamodb', target: 'DynamoDBStreams_20120810', version: '1.0' },
  sqs: { protocol: 'sqs', target: 'AmazonSQS', version: '1.0' },
  kms: { protocol: 'kms', target: 'TrentService', version: '1.1' },
} as const;

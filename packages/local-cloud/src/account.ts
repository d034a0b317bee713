/** The AWS account that the emulators pretend to be. */
export const region = 'eu-west-1';
export const accountId = '000000000000';
/** Emulators accept any credentials; the SDK refuses to send without some. */
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * The settings of an AWS SDK client for an emulator at `endpoint` (an http URL). Emulators require a signature but
 * never check it, and a client without a logger copies each call for one that does nothing. Together these would take
 * a tenth of the processor time of a payment, in one process with functions and mappings.
 */
export const clientConfiguration = (endpoint: string) => ({
  endpoint,
  region,
  credentials,
  signerConstructor: AsIfSigned,
  logger: { debug: () => {}, warn: console.warn } as typeof console,
});

/** The constructor gets the service of the client: the SDK does not pass it to a `signer` (except for S3). */
class AsIfSigned {
  readonly #headers: Record<string, string>;

  constructor({ service }: { service: unknown }) {
    this.#headers = signatureFor(String(service));
  }

  async sign<Request extends { headers: Record<string, string> }>(request: Request): Promise<Request> {
    Object.assign(request.headers, this.#headers);
    return request;
  }
}

/** The headers that emulators read: some find the service of a request in the scope of its signature. */
export const signatureFor = (service: string): Record<string, string> => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  'x-amz-date': '20260101T000000Z',
});

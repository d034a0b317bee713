/** The AWS account that the emulators pretend to be. */
export const region = 'eu-west-1';
export const accountId = '000000000000';
/** Emulators accept any credentials; the SDK refuses to send without some. */
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/**
 * What every AWS SDK client needs to speak to an emulator at `endpoint` (an http URL). Emulators want a signature and look at
 * none, and a client without a logger copies each call for one that does nothing: together a tenth of the processor time that a
 * payment takes in one process with functions and mappings.
 */
export const clientConfiguration = (endpoint: string) => ({
  endpoint,
  region,
  credentials,
  signerConstructor: AsIfSigned,
  logger: { debug: () => {}, warn: console.warn } as typeof console,
});

/** Only the constructor is told the client's service: to a `signer` the SDK names none (S3's apart). */
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

/** Headers that emulators look for: some find by the service in the scope what a request is meant for. */
export const signatureFor = (service: string): Record<string, string> => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
  'x-amz-date': '20260101T000000Z',
});

/** The AWS account that the emulators pretend to be. */
export const region = 'eu-west-1';
export const accountId = '000000000000';
/** Emulators accept any credentials; the SDK refuses to send without some. */
export const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };

/** What every AWS SDK client needs to speak to an emulator at `endpoint` (an http URL). */
export function clientConfiguration(endpoint: string) {
  return { endpoint, region, credentials };
}

import { sellerRequest } from '@fanfold/contracts/seller';
import { sellerFindings } from '@fanfold/invoicing/findings';
import { NoteError } from '@fanfold/tlog/note';
import { parseWitnesses } from '@fanfold/tlog/witnesses';
import { stageProblem } from '../../topology/names.js';
import { regionProblem } from '../../topology/region.js';

/** The settings of a deployment, from parameters and options. */
export type Settings = {
  stage: string;
  region: string;
  tokenIssuer: string;
  logOrigin: string;
  /** URL and verifier key of each witness outside. */
  witnesses: string;
  quorum: unknown;
  logRetentionDays: unknown;
  /** Who is told of alarms: an e-mail address or an https URL; empty for nobody. */
  operators: string;
  /** How many functions of the account may run at once. */
  accountConcurrency: unknown;
  /** What `operators` had before: empty. */
  alarmTopicArn: string;
  /** Who takes the money. */
  paymentProvider: string;
  /** Where customers come back to, at a provider that sends them away. */
  paymentReturnUrl: string;
  /** Where the key of Stripe is kept. */
  stripeSecretName: string;
  /** As JSON: the seller of merchants without their own; `null` for none. */
  defaultSeller: string;
};

/**
 * What is wrong with the settings of a stage: values that would make its deployment fail halfway, or that could never
 * be changed. Each is a sentence that says what to do.
 *
 * @param awsEndpoint the value of AWS_ENDPOINT_URL. If it is set, the deployment does not go to AWS
 */
export function settingsProblems(settings: Settings, awsEndpoint?: string): string[] {
  const checks = [
    stageProblem(settings.stage),
    regionProblem(settings.region),
    tokenIssuerProblem(settings, awsEndpoint),
    logOriginProblem(settings),
    witnessesProblem(settings, awsEndpoint),
    logRetentionProblem(settings),
    operatorsProblem(settings),
    concurrencyProblem(settings),
    defaultSellerProblem(settings),
    paymentProviderProblem(settings),
  ];
  return checks.filter((problem) => problem !== undefined);
}

/** What is wrong with the stage and region. A removal needs only these. */
export const placeProblems = ({ stage, region }: Pick<Settings, 'stage' | 'region'>): string[] =>
  [stageProblem(stage), regionProblem(region)].filter((problem) => problem !== undefined);

const howToGive = (name: string, environmentVariable: string, example: string) =>
  `Give --param ${name}=${example}, set ${environmentVariable}, or add it to the stage in packages/topology/parameters.yml.`;

function tokenIssuerProblem({ tokenIssuer }: Settings, awsEndpoint?: string) {
  const give = howToGive('tokenIssuer', 'FANFOLD_TOKEN_ISSUER', 'https://…');
  if (!tokenIssuer) {
    return `There is no token issuer for this stage. ${give} Its keys are read from <issuer>/.well-known/jwks.json.`;
  }
  const url = URL.canParse(tokenIssuer) ? new URL(tokenIssuer) : undefined;
  const isOnLaptop =
    awsEndpoint !== undefined && url?.protocol === 'http:' && /^(127\.0\.0\.1|localhost)$/.test(url.hostname);
  if (url?.protocol === 'https:' || isOnLaptop) return undefined;
  return `The token issuer "${tokenIssuer}" is not an https URL: anybody on the network path could issue tokens. ${give}`;
}

/**
 * Of the 255 bytes that a cosignature has for the name of a log, and for that of a cosigner
 * (https://c2sp.org/tlog-cosignature@v1.0.1): the log's own witness is named `<log>/witness`.
 */
const maxLogOriginLength = 255 - '/witness'.length;

/**
 * The form that https://c2sp.org/tlog-tiles@v0.1.0 recommends: the prefix of a URL, without its scheme and without a slash
 * at its end. So it has no spaces and no plus, which https://c2sp.org/signed-note forbids.
 */
function logOriginProblem({ logOrigin, stage }: Settings) {
  const example = `example.com/${stage}/audit`;
  const give = howToGive('logOrigin', 'FANFOLD_LOG_ORIGIN', example);
  if (!logOrigin) {
    return `The audit log has no name. The name is in all its checkpoints, for ever. ${give}`;
  }
  const isUrlPrefix = /^([a-z\d]([a-z\d-]*[a-z\d])?\.)+[a-z][a-z\d-]*(:\d{1,5})?(\/[\w.~-]+)*$/.test(
    logOrigin,
  );
  if (isUrlPrefix && logOrigin.length <= maxLogOriginLength) return undefined;
  return (
    `"${logOrigin}" cannot be the name of the audit log: it is a URL without scheme, such as ${example}, in at most ` +
    `${maxLogOriginLength} characters: a domain in lower case, then words of letters, digits and . _ ~ - after one slash each.`
  );
}

/** The rules are those of the function that asks them. */
function witnessesProblem({ witnesses, quorum }: Settings, awsEndpoint?: string) {
  const bytes = Buffer.byteLength(witnesses);
  if (bytes > maxWitnessesBytes) {
    return `Functions cannot hold the witnesses of the log: they have ${bytes} bytes, and there is room for ${maxWitnessesBytes}.`;
  }
  try {
    parseWitnesses(witnesses, String(quorum), { isLocal: awsEndpoint !== undefined });
    return undefined;
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return `The audit log cannot be witnessed as the parameters witnesses and quorum say: ${error.message}.`;
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DefaultRetention.html */
function logRetentionProblem({ logRetentionDays }: Settings) {
  if (/^[1-9]\d{0,4}$/.test(String(logRetentionDays)) && Number(logRetentionDays) <= 36_500) return undefined;
  return `Files of the log cannot be locked for "${logRetentionDays}" days: logRetentionDays is a whole number from 1 to 36500.`;
}

function operatorsProblem({ operators, alarmTopicArn, stage }: Settings) {
  if (alarmTopicArn) {
    return `Alarms do not go to "${alarmTopicArn}" any more: they go to the topic fanfold-${stage}-operators. Replace alarmTopicArn by operators, an e-mail address or an https URL, or subscribe what the other topic had.`;
  }
  if (operators === '' || subscribable.test(operators)) return undefined;
  return `Alarms cannot go to "${operators}": operators is an e-mail address or an https URL.`;
}

/** https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html */
const subscribable = /^([^\s@]+@[^\s@]+|https:\/\/\S+)$/;

function concurrencyProblem({ accountConcurrency }: Settings) {
  if (/^[1-9]\d{0,6}$/.test(String(accountConcurrency))) return undefined;
  return `"${accountConcurrency}" functions cannot run at once: accountConcurrency is a whole number, the account's quota of concurrent executions.`;
}

/** All environment variables of a function have 4 KB: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const maxSellerBytes = 2560;
const maxWitnessesBytes = 3072;

function defaultSellerProblem({ defaultSeller, stage }: Settings) {
  if (defaultSeller === 'null') return undefined;
  const where = `the default seller of the stage ${stage} in packages/topology/sellers.yml`;
  const parsed = sellerRequest.safeParse(JSON.parse(defaultSeller));
  const [problem] = parsed.success
    ? sellerFindings(parsed.data).map(
        ({ pointer, message }) => `${pointer.replace('/seller', '')} ${message}`,
      )
    : parsed.error.issues.map(({ path, message }) => `/${path.join('/')} ${message}`);
  if (problem) return `No document could be issued for ${where}: ${problem}.`;
  const bytes = Buffer.byteLength(defaultSeller);
  if (bytes <= maxSellerBytes) return undefined;
  return `Functions cannot hold ${where}: it has ${bytes} bytes, and they have room for ${maxSellerBytes}.`;
}

function paymentProviderProblem({ paymentProvider, paymentReturnUrl }: Settings) {
  if (paymentProvider === 'sandbox') return undefined;
  if (paymentProvider !== 'stripe') {
    return `There is no payment provider "${paymentProvider}": paymentProvider is sandbox or stripe.`;
  }
  const isPage = URL.canParse(paymentReturnUrl) && new URL(paymentReturnUrl).protocol === 'https:';
  if (isPage) return undefined;
  return `Customers who authenticate with their bank cannot come back to "${paymentReturnUrl}": give --param paymentReturnUrl=https://…, or add it to the stage in packages/topology/parameters.yml.`;
}

/** What is wrong with a stage whose provider has no key in Secrets Manager. */
export const secretProblem = ({ stripeSecretName, stage, region }: Settings): string =>
  `Stripe has no key in the stage ${stage}: create the secret ${stripeSecretName} in Secrets Manager in ${region}, with {"key":"rk_live_…","webhookSecrets":["whsec_…"]}.`;

/** What to do about an error of the first call to AWS. */
export function accessProblem(error: Error & { code?: string }, region: string): string {
  if (error.name === 'CredentialsProviderError' || error.code === 'AWS_CREDENTIALS_NOT_FOUND') {
    return 'There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.';
  }
  if (error.code === 'ENOTFOUND') {
    return `AWS does not answer in the region "${region}": check --region or AWS_REGION, and the network.`;
  }
  return `AWS refuses access: ${error.message.trim().replace(/\.$/, '')}.`;
}

/** The notice before a deployment. */
export const announcement = (
  { stage, region, logOrigin, logRetentionDays }: Settings,
  caller: { account: string; arn: string },
): string[] => [
  `Deploying the stage ${stage} to ${region}, account ${caller.account}, as ${caller.arn}.`,
  `The audit log is named ${logOrigin}, for ever. Each file that it writes is locked for ${days(Number(logRetentionDays))}: ` +
    'nobody can delete it, or its bucket, before that (logRetentionDays).',
];

const days = (count: number) => `${count} day${count === 1 ? '' : 's'}`;

/** A warning about an issuer; undefined when its keys can be read from here. */
export async function issuerWarning(tokenIssuer: string): Promise<string | undefined> {
  const url = `${tokenIssuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  // Not a reason to refuse: a fix can be deployed while the issuer is unavailable.
  const warning = (reason: string) =>
    `The token issuer's keys cannot be read from ${url} (${reason}): until they can, every request is answered 503.`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    if (!response.ok) return warning(`status ${response.status}`);
    const { keys } = (await response.json()) as { keys?: unknown };
    return Array.isArray(keys) ? undefined : warning('it is not a set of keys');
  } catch (error) {
    const { cause, message } = error as Error & { cause?: Error };
    return warning(cause?.message || message);
  }
}

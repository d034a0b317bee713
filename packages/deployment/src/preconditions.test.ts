import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  accessProblem,
  announcement,
  issuerWarning,
  placeProblems,
  type Settings,
  settingsProblems,
} from './preconditions.ts';

const sound: Settings = {
  stage: 'production',
  region: 'eu-west-1',
  tokenIssuer: 'https://id.example.com',
  logOrigin: 'example.com/production/audit',
  witnesses: '',
  quorum: '',
  logRetentionDays: 365,
  operators: '',
  accountConcurrency: 1000,
  alarmTopicArn: '',
  defaultSeller: 'null',
  paymentProvider: 'sandbox',
  paymentReturnUrl: '',
  stripeSecretName: 'fanfold/production/stripe',
};

const witnessKey = 'witness.example+3c436f90+BIqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c';

const seller = {
  legalName: 'Example BV',
  address: { country: 'BE' },
  vatId: 'BE0403019261',
};
const withSeller = (changes: object) => ({ defaultSeller: JSON.stringify({ ...seller, ...changes }) });

describe('a deployment', () => {
  test('whose settings are sound has nothing against it', () => {
    expect(settingsProblems(sound)).toEqual([]);
    const others: Partial<Settings>[] = [
      { region: 'us-gov-west-1' },
      { region: 'eusc-de-east-1' },
      { witnesses: `https://witness.example ${witnessKey}`, quorum: '1' },
      { logRetentionDays: '1' },
      { operators: 'on-call@example.com' },
      { operators: 'https://events.example.com/integration/x/enqueue' },
      { accountConcurrency: '10' },
      withSeller({}),
      { paymentProvider: 'stripe', paymentReturnUrl: 'https://shop.example/paid' },
      ...[
        'log.example.com',
        'log.example.com:8443/2026',
        // What a stage had that was deployed before it had to name its log.
        'fanfold.example/production/audit',
        `example.com/${'a'.repeat(235)}`,
      ].map((logOrigin) => ({ logOrigin })),
    ];
    expect(others.flatMap((other) => settingsProblems({ ...sound, ...other }))).toEqual([]);
  });

  test.each<[Partial<Settings>, string]>([
    [{ paymentProvider: 'paypal' }, 'There is no payment provider "paypal"'],
    [{ paymentProvider: 'stripe' }, 'give --param paymentReturnUrl=https://…'],
    [{ paymentProvider: 'stripe', paymentReturnUrl: 'http://shop.example' }, 'cannot come back to'],
    [{ stage: 'QA' }, 'The stage "QA" cannot be deployed'],
    [{ region: 'mars' }, 'AWS has no region "mars"'],
    [
      { tokenIssuer: '' },
      'There is no token issuer for this stage. Give --param tokenIssuer=https://…, set FANFOLD_TOKEN_ISSUER',
    ],
    [{ tokenIssuer: 'http://id.example.com' }, 'is not an https URL'],
    [{ tokenIssuer: 'http://127.0.0.1:4000' }, 'is not an https URL'],
    [{ tokenIssuer: 'id.example.com' }, 'is not an https URL'],
    [{ logOrigin: '' }, 'The audit log has no name. The name is in all its checkpoints, for ever.'],
    [
      { logOrigin: 'https://example.com/audit' },
      'it is a URL without scheme, such as example.com/production/audit',
    ],
    ...[
      'example.com/our audit',
      'example.com/a+b',
      'example.com/audit/',
      'example.com//audit',
      'example.com/audit?of=us',
      'Example.com/audit',
      'audit',
      'example.com/é',
      `example.com/${'a'.repeat(236)}`,
    ].map((logOrigin): [Partial<Settings>, string] => [{ logOrigin }, 'in at most 247 characters: a domain']),
    [
      { witnesses: `http://witness.example ${witnessKey}`, quorum: '1' },
      'cannot be witnessed as the parameters witnesses and quorum say: witness 1 is at http://witness.example, which is not an https URL',
    ],
    [
      { witnesses: `http://127.0.0.1:7700 ${witnessKey}`, quorum: '1' },
      'witness 1 is at http://127.0.0.1:7700, which is not an https URL',
    ],
    [{ witnesses: `https://witness.example ${witnessKey}` }, 'the quorum is "" instead of'],
    [{ quorum: 1 }, 'a quorum of 1 cannot be reached without witnesses'],
    [
      { witnesses: `https://${'w'.repeat(3100)}.example` },
      'they have 3116 bytes, and there is room for 3072',
    ],
    [{ logRetentionDays: 0 }, 'Files of the log cannot be locked for "0" days'],
    [{ logRetentionDays: 40_000 }, 'a whole number from 1 to 36500'],
    [{ logRetentionDays: 'a year' }, 'Files of the log cannot be locked for "a year" days'],
    [
      withSeller({ legalName: '' }),
      'No document could be issued for the default seller of the stage production in packages/topology/sellers.yml: /legalName must have',
    ],
    [withSeller({ legalname: 'x' }), 'sellers.yml: / '],
    [withSeller({ vatId: 'BE0403019262' }), 'sellers.yml: /vatId is no VAT id of BE'],
    [withSeller({ vatId: null }), 'sellers.yml: /vatId must be given'],
    [withSeller({ legalNote: '€'.repeat(1000) }), 'it has 3091 bytes, and they have room for 2560'],
    [{ operators: 'on-call' }, 'Alarms cannot go to "on-call"'],
    [{ accountConcurrency: 'many' }, '"many" functions cannot run at once'],
    [
      { alarmTopicArn: 'arn:aws:sns:us-east-1:123456789012:on-call' },
      'go to the topic fanfold-production-operators',
    ],
  ])('with %j is refused in one sentence', (other, problem) => {
    const found = settingsProblems({ ...sound, ...other });
    expect(found).toEqual([expect.stringContaining(problem)]);
    expect(found[0]).toMatch(/^[A-Z"].*\.$/);
    expect(found[0]).not.toContain('\n');
  });

  test('says all that is wrong at once', () => {
    expect(settingsProblems({ ...sound, stage: 'QA', tokenIssuer: '', logOrigin: '' })).toHaveLength(3);
  });

  test('may trust a laptop where AWS is on the laptop too', () => {
    const laptop = { ...sound, tokenIssuer: 'http://127.0.0.1:4000' };
    const witnessed = { ...laptop, witnesses: `http://127.0.0.1:7700 ${witnessKey}`, quorum: '1' };
    expect(settingsProblems(witnessed, 'http://127.0.0.1:5500')).toEqual([]);
    expect(
      settingsProblems({ ...sound, tokenIssuer: 'http://id.example.com' }, 'http://127.0.0.1:5500'),
    ).toHaveLength(1);
  });

  test('tells what can never be taken back', () => {
    const lines = announcement(
      { ...sound, logRetentionDays: 1 },
      { account: '123456789012', arn: 'arn:aws:iam::123456789012:user/ada' },
    );
    expect(lines.join('\n')).toBe(
      'Deploying the stage production to eu-west-1, account 123456789012, as arn:aws:iam::123456789012:user/ada.\n' +
        'The audit log is named example.com/production/audit, for ever. Each file that it writes is locked for 1 day: ' +
        'nobody can delete it, or its bucket, before that (logRetentionDays).',
    );
  });
});

test('a removal needs a stage and a region only', () => {
  expect(placeProblems(sound)).toEqual([]);
  expect(placeProblems({ stage: 'QA', region: 'mars' })).toHaveLength(2);
});

test.each([
  [
    { name: 'CredentialsProviderError', message: 'Could not load' },
    'There are no AWS credentials: set AWS_PROFILE',
  ],
  [{ code: 'ENOTFOUND', message: 'getaddrinfo' }, 'AWS does not answer in the region "eu-west-9"'],
  [
    { name: 'ExpiredToken', message: 'The security token has expired.' },
    'AWS refuses access: The security token has expired.',
  ],
])('says what to do about %j', (error, says) => {
  expect(accessProblem(Object.assign(new Error(), error), 'eu-west-9')).toContain(says);
});

describe('an issuer', () => {
  const issuer = async (status: number, body: string) => {
    const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(
      0,
      '127.0.0.1',
    );
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  };

  test.each([
    [200, '{"keys":[]}', undefined],
    [200, '{}', 'it is not a set of keys'],
    [404, '', 'status 404'],
  ])('that answers %i with %s', async (status, body, doubt) => {
    const doubtFound = await issuerWarning(await issuer(status, body));
    expect(doubtFound).toEqual(doubt && expect.stringContaining(`/.well-known/jwks.json (${doubt})`));
  });

  test('that does not answer is doubtful', async () => {
    expect(await issuerWarning('http://127.0.0.1:1')).toContain('every request is answered 503');
  });
});

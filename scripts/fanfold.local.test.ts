import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { publicKeySet } from '@fanfold/local-cloud/issuer';
import { freeBasePort } from '@fanfold/local-cloud/ports';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { type Ended, fanfold } from './fanfold/commandFixtures.ts';

const verified = async (token: string) =>
  jwtVerify(token, createLocalJWKSet(await publicKeySet()), { audience: 'fanfold' });

describe('in a process of its own', () => {
  const main = join(import.meta.dirname, 'fanfold.ts');
  const inProcess = async (nodeArguments: string[]): Promise<Ended> => {
    const environment = { ...process.env, FANFOLD_PORT: String(await freeBasePort()) };
    return new Promise((resolve) => {
      execFile(process.execPath, nodeArguments, { env: environment }, (error, stdout, stderr) =>
        resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
      );
    });
  };

  it.each([
    [0, ['--help'], /Commands:/, /^$/],
    [1, ['demo'], /^$/, /No stack is running/],
    [2, ['reboot'], /^$/, /unknown command 'reboot'/],
  ])(
    'it exits with %d after %j: results on one stream, complaints on the other',
    async (code, args, ...printed) => {
      const ended = await inProcess([main, ...args]);
      expect(ended).toEqual({
        code,
        stdout: expect.stringMatching(printed[0]),
        stderr: expect.stringMatching(printed[1]),
      });
    },
  );

  it('it ends without a word when nobody reads on', async () => {
    const command = spawn(process.execPath, [main, '--help']);
    command.stdout.destroy();
    const complaints: Buffer[] = [];
    command.stderr.on('data', (part) => complaints.push(part));
    expect(await once(command, 'close')).toEqual([0, null]);
    expect(String(Buffer.concat(complaints))).toBe('');
  });

  it('it loads AWS clients, which take longer than the rest, for the commands that need them alone', async () => {
    const hooks = `import { registerHooks } from 'node:module';
      registerHooks({ load(url, context, next) { if (url.includes('@aws-sdk')) console.error(url); return next(url, context); } });`;
    const telling = ['--import', `data:text/javascript,${encodeURIComponent(hooks)}`, main];
    expect(await inProcess([...telling, 'token'])).toMatchObject({ code: 0, stderr: '' });
    const { stderr } = await inProcess([...telling, 'dlq', 'list']);
    expect(stderr).toContain('@aws-sdk/client-sqs');
  });
});

describe('token', () => {
  it('prints a token for acme with every scope, and nothing else', async () => {
    const { code, stdout, stderr } = await fanfold(['token'], 4100);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    const { payload } = await verified(stdout.trim());
    expect(payload).toMatchObject({
      iss: 'http://127.0.0.1:4100',
      sub: 'operator',
      merchant_id: 'acme',
      scope: 'audit:read invoices:read payments:read payments:write seller:read seller:write',
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(3600);
  });

  it('is for the merchant, scopes and time that are asked for', async () => {
    const options = [
      '--merchant',
      'globex',
      '--scope',
      'audit:read,invoices:read',
      '--expires-in',
      '60',
      '--json',
    ];
    const { stdout } = await fanfold(['token', ...options]);
    const { access_token, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({ token_type: 'Bearer', expires_in: 60, scope: 'audit:read invoices:read' });
    const { payload } = await verified(access_token);
    expect(payload).toMatchObject({ merchant_id: 'globex', scope: 'audit:read invoices:read' });
  });

  it('may have expired, to see what that does', async () => {
    const { stdout } = await fanfold(['token', '--expires-in', '-60']);
    await expect(verified(stdout.trim())).rejects.toMatchObject({ code: 'ERR_JWT_EXPIRED' });
  });
});

it('gameday lists each failure with its alarm and runbook, without a stack', async () => {
  const { code, stdout } = await fanfold(['gameday', '--list'], await freeBasePort());
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^ +sns-away +fanfold-local-bus-publishing-failed +docs\/runbooks\/publishing-failed\.md /m,
  );
  expect(stdout).toMatch(
    /^ +table-throttled +fanfold-local-bus-tables-throttled +docs\/runbooks\/tables-throttled\.md /m,
  );
});

const past = ['replay', '--from', '2025-01-01T00:00Z', '--to', '2025-01-02T00:00Z'];

describe('used wrongly', () => {
  it.each([
    [[], 'Commands:'],
    [['reboot'], "unknown command 'reboot'"],
    [['token', '--colour'], "unknown option '--colour'"],
    [['token', 'now'], 'too many arguments'],
    [['gameday', 'fire'], 'There is no failure fire. There are: sns-away, '],
    [['trace'], "missing required argument 'id'"],
    [['trace', ''], '1 to 160 characters in one line'],
    [['trace', 'pay_1', '--stage', 'test'], 'Give the merchant with --merchant <id>'],
    [['token', '--merchant', 'a/b'], '1 to 64 letters'],
    [['token', '--scope', 'a,,b'], 'a list, separated by commas, of: audit:read'],
    [['token', '--expires-in', 'soon'], 'a whole number other than 0'],
    [['token', '--expires-in', '0'], 'a whole number other than 0'],
    [['token', '--expires-in', '99999999999999999'], 'from -999999999 to 999999999'],
    [['dlq'], 'Commands:'],
    [['dlq', 'list', '--stage', 'a/b'], 'It has 1 to 32 lower-case letters, digits and hyphens'],
    [['dlq', 'show'], 'Choose the dead letters: either ids, or some of'],
    [['dlq', 'redrive'], 'Choose the dead letters: either ids, or some of'],
    [
      ['dlq', 'redrive', '--all', '--queue', 'billing'],
      'Give either --all or --queue, not both: --all takes every dead letter',
    ],
    [
      ['dlq', 'redrive', 'some-id', '--type', 'payment.captured.v1', '--cause', 'x'],
      'Give either ids or --cause and --type, not both: ids name each',
    ],
    [['dlq', 'redrive', 'an id'], '1 to 160 printable characters without spaces'],
    [['dlq', 'redrive', '--all', '--rate', '0'], 'a whole number from 1 to 1000'],
    [['dlq', 'redrive', '--queue', '*'], 'a service, or a name that `fanfold dlq list` shows'],
    [['dlq', 'discard', '--all'], "required option '--reason <text>' not specified"],
    [['dlq', 'discard', '--all', '--reason', ' '], '1 to 300 characters in one line'],
    [['dlq', 'discard', '--all', '--reason', 'x'.repeat(301)], '1 to 300 characters in one line'],
    [['replay', '--from', '2026-11-23T14:00:00Z'], "required option '--to <time>' not specified"],
    [['replay', '--from', 'yesterday', '--to', '2026-11-23T14:00:00Z'], 'such as 2026-11-23T14:00:00Z'],
    [['replay', '--from', '2026-11-23', '--to', '2026-11-24'], 'such as 2026-11-23T14:00:00Z'],
    [['replay', '--from', '2025-01-02T00:00Z', '--to', '2025-01-02T00:00Z'], 'swap or widen them'],
    [['replay', '--from', '2025-01-02T00:00Z', '--to', '2999-01-01T00:00Z'], 'is in the future'],
    [
      [...past, '--type', 'captured'],
      'It is the type of an event: payment.authorized.v1, payment.captured.v1',
    ],
    [[...past, '--subject', 'x'.repeat(129)], '1 to 128 printable characters without spaces'],
    [[...past, '--after', '-1'], 'a position in the log'],
    [
      ['replay', '--from', '2999-01-01T00:00Z', '--to', '2999-01-02T00:00Z'],
      '--from 2999-01-01T00:00:00.000Z',
    ],
    [['findings', '--date', '2026-02-30'], 'a day (UTC), such as 2026-11-23'],
    [['findings', '--date', '2999-01-01'], 'there are no events of that day yet'],
    [['republish'], "required option '--date <day>' not specified"],
    [['republish', '--date', '2026-02-30'], 'a day (UTC), such as 2026-11-23'],
    [['republish', '--date', '2026-1-1'], 'a day (UTC), such as 2026-11-23'],
    [['republish', '--date', '2999-01-01'], 'there are no events of that day yet'],
    [['republish', '--date', '2026-01-01', '--merchant', 'a/b'], '1 to 64 letters'],
    [['republish', '--date', '2026-01-01', '--service', 'audit'], 'Allowed choices are payments, billing'],
    [['describe', '--against', 'nowhere'], 'nowhere is no commit of this repository'],
    [['verify'], "Give the log's key: --key"],
    [['verify', '--key', 'a+b'], '--key: It is not a key'],
    [['verify', 'a', 'b'], 'too many arguments'],
    [['monitor'], "missing required argument 'url'"],
    [['monitor', 'http://127.0.0.1:1'], "Give the log's key: --key"],
    [['audit'], 'Commands:'],
    [['audit', 'key', '--origin', 'a b'], 'the name of a log'],
    [['audit', 'erase', 'x'.repeat(129)], '1 to 128 printable characters without spaces'],
    [
      ['republish', '--date', '2026-01-01', '--stage', 'a/b'],
      'It has 1 to 32 lower-case letters, digits and hyphens',
    ],
  ])('%j exits with 2 and says what is wrong', async (args, complaint) => {
    const { code, stdout, stderr } = await fanfold(args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(complaint);
  });
});

it.each([
  [['reboot'], '\n  replay '],
  [['dlq', 'lst'], '\n  redrive '],
  [['token', '--colour'], '\n  --merchant <id> '],
])('%j is told after what there is', async (args, known) => {
  const { stderr } = await fanfold(args);
  const [help = '', complaint] = stderr.split(/^error: /m);
  expect(help).toContain(known);
  expect(complaint).toMatch(/^unknown (command|option) '[^\n]+\n(\(Did you mean [^\n]+\n)?$/);
});

it.each([[['token']], [['demo']], [past]])(
  '%j with a FANFOLD_PORT that is none exits with 2',
  async (args) => {
    const { code, stdout, stderr } = await fanfold(args, 'abc');
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toBe('FANFOLD_PORT=abc is not a port from 1 to 65530: set it to one, for example 4100.\n');
  },
);

it('help lists the commands and exits with 0', async () => {
  const { code, stdout } = await fanfold(['--help']);
  expect(code).toBe(0);
  for (const command of [
    'token',
    'demo',
    'trace',
    'dlq',
    'replay',
    'findings',
    'republish',
    'gameday',
    'verify',
    'monitor',
    'audit',
  ])
    expect(stdout).toContain(`\n  ${command} `);
});

it.each([
  [['demo']],
  [['trace', 'pay_1', '--json']],
  [['dlq', 'list']],
  [past],
  [['republish', '--date', '2026-01-01']],
  [['audit', 'key']],
  [['gameday']],
])('%j without a stack says how to start one', async (args) => {
  const port = await freeBasePort();
  const { code, stdout, stderr } = await fanfold(args, port);
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain(`No stack is running at port ${port}. Start one with \`pnpm dev\``);
});

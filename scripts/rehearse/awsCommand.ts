/**
 * As much of AWS's command line as docs/restore.md asks for, so that the page can be rehearsed as it stands: operations of
 * DynamoDB with their options, `wait`, `--query` of one member, and `--output text`. Takes its endpoint and credentials from
 * the environment.
 */
import * as dynamodb from '@aws-sdk/client-dynamodb';

const [service, operation = '', ...rest] = process.argv.slice(2);
if (service !== 'dynamodb') throw new Error(`Only aws dynamodb is known here, not aws ${service}.`);
const client = new dynamodb.DynamoDBClient({});

if (operation === 'wait') {
  const [condition = '', ...options] = rest;
  const wait = {
    'table-exists': dynamodb.waitUntilTableExists,
    'table-not-exists': dynamodb.waitUntilTableNotExists,
  };
  if (!(condition in wait)) throw new Error(`aws dynamodb wait ${condition} is not known here.`);
  const waiting = { client, maxWaitTime: 60, minDelay: 1, maxDelay: 1 };
  await wait[condition as keyof typeof wait](waiting, inputOf(options) as { TableName: string });
} else {
  const { Query, Output: _, ...input } = inputOf(rest);
  const Command = (dynamodb as unknown as Record<string, new (input: object) => never>)[
    `${pascal(operation)}Command`
  ];
  if (!Command) throw new Error(`aws dynamodb ${operation} is not known here.`);
  const answer: unknown = await client.send(new Command(input));
  const member = String(Query ?? '')
    .split('.')
    .filter(Boolean)
    .reduce<unknown>((value, name) => (value as Record<string, unknown>)[name], answer);
  console.log(typeof member === 'string' ? member : JSON.stringify(member, null, 2));
}

/** `--table-name x --stream-specification A=true,B=c --no-deletion-protection-enabled`, as the SDK takes it. */
function inputOf(options: string[]): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (let i = 0; i < options.length; i += 1) {
    const [, isOff, name = ''] = /^--(no-)?([a-z-]+)$/.exec(options[i] ?? '') ?? [];
    if (name === '') throw new Error(`${options[i]} is no option.`);
    const value = options[i + 1];
    if (value === undefined || value.startsWith('--')) {
      input[pascal(name)] = isOff === undefined;
      continue;
    }
    input[pascal(name)] = name === 'restore-date-time' ? new Date(value) : inShorthand(value);
    i += 1;
  }
  return input;
}

/** AWS's shorthand for objects: https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-shorthand.html */
function inShorthand(text: string): unknown {
  if (/^(true|false)$/.test(text)) return text === 'true';
  if (!/^\w+=/.test(text)) return text;
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const [name = '', value = ''] = pair.split('=');
      return [name, inShorthand(value)];
    }),
  );
}

function pascal(kebab: string): string {
  return kebab.replace(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

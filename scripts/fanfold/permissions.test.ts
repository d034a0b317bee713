import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** What commands are called that need a permission of another name, or none. */
const permissions: Record<string, string[]> = {
  // https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html
  'sts:GetCallerIdentity': [],
  'sns:PublishBatch': ['sns:Publish'],
  'sqs:SendMessageBatch': ['sqs:SendMessage'],
  'sqs:DeleteMessageBatch': ['sqs:DeleteMessage'],
  'sqs:ChangeMessageVisibilityBatch': ['sqs:ChangeMessageVisibility'],
  's3:ListBuckets': ['s3:ListAllMyBuckets'],
  's3:ListObjectsV2': ['s3:ListBucket'],
  'lambda:Invoke': ['lambda:InvokeFunction'],
};

it("the operator's role, as docs/operations.md has it, allows what the tool calls and no more", () => {
  const sources = readdirSync(new URL('.', import.meta.url)).filter((name) => !name.endsWith('.test.ts'));
  const calls = sources.flatMap((name) => {
    const imports = [...read(name).matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-(\w+)'/g)];
    return imports.flatMap(([, names = '', client]) =>
      [...names.matchAll(/\b(?:paginate(\w+)|(\w+)Command)\b/g)].map(
        ([, page, one]) => `${client}:${page ?? one}`,
      ),
    );
  });
  const [, policy = ''] = /```json\n([\s\S]*?)```/.exec(read('../../docs/operations.md')) ?? [];
  const allowed = JSON.parse(policy).Statement.flatMap(({ Action }: { Action: string | string[] }) => Action);
  expect(allowed.sort()).toEqual([...new Set(calls.flatMap((call) => permissions[call] ?? [call]))].sort());
});

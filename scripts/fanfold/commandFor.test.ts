import { expect, it, onTestFinished, vi } from 'vitest';
import { commandFor, stageOptions, trailOf } from './commandFor.ts';

it('a command for a stage in AWS names its region: the same stage may be in another one too', () => {
  expect(commandFor({ stage: 'production', region: 'eu-central-1' }, 'dlq list')).toBe(
    '`fanfold dlq list --stage production --region eu-central-1`',
  );
  expect(trailOf({ stage: 'production', region: 'eu-central-1' }, 'op_1')).toBe(
    'In the audit trail: op_1. `fanfold trace op_1 --stage production --region eu-central-1` shows it.',
  );
});

it('without a region given, it is the one that commands take', () => {
  vi.stubEnv('AWS_REGION', 'us-east-1');
  onTestFinished(() => void vi.unstubAllEnvs());
  expect(stageOptions({ stage: 'production' })).toBe(' --stage production --region us-east-1');
});

it('a command for the stack on a laptop names neither', () => {
  expect(commandFor({ stage: 'local', region: 'eu-west-1' }, 'dlq list')).toBe('`fanfold dlq list`');
});

import { expect, test } from 'vitest';
import { lambdaRecord } from './streamRecord.ts';

const streamArn = 'arn:aws:dynamodb:ddblocal:123456789012:table/things/stream/2026-11-23T14:00:00.000';

test('A record has times in whole seconds, and the region and account of AWS (D4)', () => {
  const record = lambdaRecord(
    {
      awsRegion: 'ddblocal',
      dynamodb: { SequenceNumber: '1', ApproximateCreationDateTime: 1_795_442_400.9 },
    },
    streamArn,
  );
  expect(record).toMatchObject({
    awsRegion: 'eu-west-1',
    eventSourceARN: 'arn:aws:dynamodb:eu-west-1:000000000000:table/things/stream/2026-11-23T14:00:00.000',
    dynamodb: { SequenceNumber: '1', ApproximateCreationDateTime: 1_795_442_400 },
  });
});

test('A removal by time to live says who did it (D12)', () => {
  const record = lambdaRecord(
    { eventName: 'REMOVE', userIdentity: { PrincipalId: 'dynamodb.amazonaws.com', Type: 'Service' } },
    streamArn,
  );
  expect(record.userIdentity).toEqual({ principalId: 'dynamodb.amazonaws.com', type: 'Service' });
});

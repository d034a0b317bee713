import type { AttributeValue, _Record as DynamodbRecord } from '@aws-sdk/client-dynamodb-streams';
import type { DynamoDBRecord as LambdaRecord, AttributeValue as LambdaValue } from 'aws-lambda';
import { accountId, region } from '../account.ts';

/**
 * A stream's record in the form of Lambda's event: times in seconds, binary values in base64, and AWS's region, for
 * which the emulator has a value of its own (defect D4). https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function lambdaRecord(record: DynamodbRecord, streamArn: string): LambdaRecord {
  const { ApproximateCreationDateTime, Keys, NewImage, OldImage, ...rest } = record.dynamodb ?? {};
  return {
    eventID: record.eventID,
    eventName: record.eventName,
    eventVersion: record.eventVersion,
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      ApproximateCreationDateTime: Math.floor((ApproximateCreationDateTime?.getTime() ?? 0) / 1_000),
      ...(Keys && { Keys: lambdaItem(Keys) }),
      ...(NewImage && { NewImage: lambdaItem(NewImage) }),
      ...(OldImage && { OldImage: lambdaItem(OldImage) }),
      ...rest,
    },
    ...(record.userIdentity && {
      userIdentity: { principalId: record.userIdentity.PrincipalId, type: record.userIdentity.Type },
    }),
    eventSourceARN: awsStreamArn(streamArn),
  };
}

/** The ARN that the stream would have in AWS. */
export function awsStreamArn(streamArn: string): string {
  return streamArn.replace(/^arn:aws:dynamodb:[^:]*:[^:]*:/, `arn:aws:dynamodb:${region}:${accountId}:`);
}

function lambdaItem(item: Record<string, AttributeValue>): Record<string, LambdaValue> {
  return Object.fromEntries(Object.entries(item).map(([name, value]) => [name, lambdaValue(value)]));
}

function lambdaValue(value: AttributeValue): LambdaValue {
  if (value.B) return { B: base64(value.B) };
  if (value.BS) return { BS: value.BS.map(base64) };
  if (value.L) return { L: value.L.map(lambdaValue) };
  if (value.M) return { M: lambdaItem(value.M) };
  return value as LambdaValue;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

import type { DynamoDBRecord as LambdaRecord } from 'aws-lambda';
import { accountId, region } from '../account.ts';

/** A stream's record as it is on the wire, where all but the time and the letter case of identities is as Lambda has it. */
export type WireRecord = Omit<LambdaRecord, 'userIdentity'> & {
  /** The time in seconds, perhaps with a fraction. */
  dynamodb?: { ApproximateCreationDateTime?: number };
  userIdentity?: { PrincipalId?: string; Type?: string };
};

/**
 * A stream's record in the form of Lambda's event: times in whole seconds, and AWS's region, for which the emulator has a
 * value of its own (defect D4). https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
 */
export function lambdaRecord({ userIdentity, ...record }: WireRecord, streamArn: string): LambdaRecord {
  return {
    ...record,
    eventSource: 'aws:dynamodb',
    awsRegion: region,
    dynamodb: {
      ...record.dynamodb,
      ApproximateCreationDateTime: Math.floor(record.dynamodb?.ApproximateCreationDateTime ?? 0),
    },
    ...(userIdentity && {
      userIdentity: { principalId: userIdentity.PrincipalId, type: userIdentity.Type },
    }),
    eventSourceARN: awsStreamArn(streamArn),
  };
}

/** The ARN that the stream would have in AWS. */
export function awsStreamArn(streamArn: string): string {
  return streamArn.replace(/^arn:aws:dynamodb:[^:]*:[^:]*:/, `arn:aws:dynamodb:${region}:${accountId}:`);
}

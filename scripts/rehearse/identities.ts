import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { operatorPolicy } from '../operatorRole.ts';
import type { Endpoint } from './endpoint.ts';
import { rootSettings } from './stage.ts';

/** Who calls AWS: its ARN, and the environment by which it is known. */
export type Identity = { arn: string; environment: Record<string, string> };

export const account = '000000000000';

/** The user that may do anything. */
export const root: Identity = {
  arn: `arn:aws:iam::${account}:root`,
  environment: { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
};

/** A user who may do what a policy allows, and nothing else. */
export async function createUser(endpoint: Endpoint, region: string, UserName: string, policy: string) {
  const iam = new IAMClient(rootSettings(endpoint, region));
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  const { Policy } = await iam.send(
    new CreatePolicyCommand({ PolicyName: UserName, PolicyDocument: policy }),
  );
  await iam.send(new AttachUserPolicyCommand({ UserName, PolicyArn: Policy?.Arn }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return {
    arn: User?.Arn ?? '',
    environment: {
      AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
    },
  };
}

/** Makes the operator's role of a stage as docs/operations.md has it, and takes it on. */
export async function becomeOperator(endpoint: Endpoint, region: string, stage: string): Promise<Identity> {
  const iam = new IAMClient(rootSettings(endpoint, region));
  const RoleName = `fanfold-${stage}-operator`;
  const trust = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS: root.arn }, Action: 'sts:AssumeRole' }],
  };
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }),
  );
  await iam.send(
    new PutRolePolicyCommand({
      RoleName,
      PolicyName: 'operator',
      PolicyDocument: JSON.stringify(operatorPolicy({ stage, region, account })),
    }),
  );
  const { Credentials } = await new STSClient(rootSettings(endpoint, region)).send(
    new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: 'ada' }),
  );
  return {
    arn: Role?.Arn ?? '',
    environment: {
      AWS_ACCESS_KEY_ID: Credentials?.AccessKeyId ?? '',
      AWS_SECRET_ACCESS_KEY: Credentials?.SecretAccessKey ?? '',
      AWS_SESSION_TOKEN: Credentials?.SessionToken ?? '',
    },
  };
}

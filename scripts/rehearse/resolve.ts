/** A CloudFormation template, as the framework writes it. */
export type Template = {
  Resources: Record<
    string,
    {
      Type: string;
      Properties?: Record<string, unknown>;
      DeletionPolicy?: string;
      DependsOn?: string | string[];
    }
  >;
  Outputs?: Record<string, { Value: unknown }>;
};

/** What the intrinsic functions of a deployed stack stand for. */
export type Deployment = {
  region: string;
  account: string;
  stackName: string;
  /** By logical id: what `Ref` gives. */
  physicalIds: Record<string, string>;
  /** By ARN of the table, which is the only thing here that has a name that nothing foretells. */
  streamArns: Record<string, string>;
};

/**
 * The properties of a template's resources with plain values, by logical id: what should be found in AWS.
 *
 * @throws when it uses a function or attribute that is not known here
 */
export function resolveDeployed(
  template: Template,
  deployment: Deployment,
): Record<string, Record<string, unknown>> {
  const { region, account, stackName, physicalIds } = deployment;
  const pseudo: Record<string, string | undefined> = {
    'AWS::AccountId': account,
    'AWS::NoValue': undefined,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackName': stackName,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  const ref = (name: string): string | undefined => {
    if (name in pseudo) return pseudo[name];
    const id = physicalIds[name];
    if (id === undefined) throw new Error(`${stackName} has no resource ${name}.`);
    return id;
  };
  const attribute = (path: string): string => {
    const [name = '', wanted = ''] = path.split('.');
    const type = template.Resources[name]?.Type ?? '';
    const value = attributes[type]?.[wanted]?.(String(ref(name)), deployment);
    if (value === undefined) throw new Error(`${stackName}: ${path} of a ${type} is not known here.`);
    return value;
  };
  const substitute = (text: string, own: Record<string, unknown>): string =>
    text.replace(/\$\{([^!}][^}]*)\}/g, (_, name: string) => {
      if (name in own) return String(resolve(own[name]));
      return String(name.includes('.') ? attribute(name) : ref(name));
    });
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve).filter((entry) => entry !== undefined);
    if (typeof value !== 'object' || value === null) return value;
    const [[key, argument] = [], ...others] = Object.entries(value);
    if (others.length === 0) {
      if (key === 'Ref') return ref(argument);
      if (key === 'Fn::GetAtt') return attribute(Array.isArray(argument) ? argument.join('.') : argument);
      if (key === 'Fn::Sub') {
        return Array.isArray(argument) ? substitute(argument[0], argument[1]) : substitute(argument, {});
      }
      if (key === 'Fn::Join') return (resolve(argument[1]) as string[]).join(argument[0]);
      if (key?.startsWith('Fn::')) throw new Error(`${stackName}: ${key} is not known here.`);
    }
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, entry]) => [name, resolve(entry)])
        .filter(([, entry]) => entry !== undefined),
    );
  };
  return Object.fromEntries(
    Object.entries(template.Resources).map(([name, { Properties = {} }]) => [
      name,
      resolve(Properties) as Record<string, unknown>,
    ]),
  );
}

type Attribute = (physicalId: string, deployment: Deployment) => string | undefined;

const arn =
  (service: string, prefix = ''): Attribute =>
  (id, { region, account }) =>
    `arn:aws:${service}:${region}:${account}:${prefix}${id}`;
const nameOfUrl = (url: string) => url.split('/').at(-1) ?? '';
const tableArn = arn('dynamodb', 'table/');

/** By type: what Fn::GetAtt gives. */
const attributes: Record<string, Record<string, Attribute>> = {
  'AWS::DynamoDB::Table': {
    Arn: tableArn,
    StreamArn: (name, deployment) => deployment.streamArns[tableArn(name, deployment) ?? ''],
  },
  'AWS::Events::Rule': { Arn: arn('events', 'rule/') },
  'AWS::IAM::Role': { Arn: (name, { account }) => `arn:aws:iam::${account}:role/${name}` },
  'AWS::KMS::Key': { Arn: arn('kms', 'key/'), KeyId: (id) => id },
  'AWS::Lambda::EventSourceMapping': { Id: (id) => id },
  'AWS::Lambda::Function': { Arn: arn('lambda', 'function:') },
  'AWS::Logs::LogGroup': { Arn: (name, deployment) => `${arn('logs', 'log-group:')(name, deployment)}:*` },
  'AWS::S3::Bucket': { Arn: (name) => `arn:aws:s3:::${name}` },
  'AWS::SNS::Topic': { TopicArn: (id) => id, TopicName: (id) => id.split(':').at(-1) },
  'AWS::SQS::Queue': {
    Arn: (url, deployment) => arn('sqs')(nameOfUrl(url), deployment),
    QueueName: nameOfUrl,
    QueueUrl: (url) => url,
  },
};

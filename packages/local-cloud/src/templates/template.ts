import { isDeepStrictEqual } from 'node:util';
import { accountId, region } from '../account.ts';

/** A CloudFormation template, as `serverless package` writes it. */
export type Template = {
  Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>;
};

/** A resource whose properties are plain values: no `Ref`, no `Fn::…`. */
export type Resource = { Type: string; Properties: Record<string, unknown> };

/**
 * Replaces the intrinsic functions in a template's resources by their values in the local account. The result is
 * keyed by logical id. Names are predictable, so nothing has to exist yet.
 *
 * @param awsEndpoint base URL of queue URLs (Ref of a queue); without it they are AWS's own.
 * @throws when it does not know a function, logical id or attribute.
 */
export function resolveTemplate(
  template: Template,
  awsEndpoint = `https://sqs.${region}.amazonaws.com`,
): Record<string, Resource> {
  const resolver = new Resolver(template, awsEndpoint);
  return Object.fromEntries(
    Object.entries(template.Resources).map(([logicalId, { Type, Properties = {} }]) => [
      logicalId,
      { Type, Properties: resolver.resolve(Properties, logicalId) as Record<string, unknown> },
    ]),
  );
}

const pseudoParameters: Record<string, string | undefined> = {
  'AWS::AccountId': accountId,
  'AWS::NoValue': undefined,
  'AWS::Partition': 'aws',
  'AWS::Region': region,
  'AWS::URLSuffix': 'amazonaws.com',
};

/** By resource type: the property with the physical name, and what Ref and Fn::GetAtt make of that name. */
type Identity = {
  nameProperty: string;
  ref?: (name: string, awsEndpoint: string) => string;
  attributes: Record<string, (name: string, awsEndpoint: string) => string>;
};

const arn = (service: string, resource: string) => `arn:aws:${service}:${region}:${accountId}:${resource}`;
const itself = (name: string) => name;
const queueUrl = (name: string, awsEndpoint: string) => `${awsEndpoint}/${accountId}/${name}`;

const identities: Record<string, Identity> = {
  'AWS::DynamoDB::Table': {
    nameProperty: 'TableName',
    attributes: {
      Arn: (name) => arn('dynamodb', `table/${name}`),
      // In AWS it ends with the time of creation. Nobody may parse it, and mappings ask the table for its stream.
      StreamArn: (name) => arn('dynamodb', `table/${name}/stream/local`),
    },
  },
  'AWS::Events::Rule': { nameProperty: 'Name', attributes: { Arn: (name) => arn('events', `rule/${name}`) } },
  'AWS::IAM::Role': {
    nameProperty: 'RoleName',
    attributes: { Arn: (name) => `arn:aws:iam::${accountId}:role/${name}` },
  },
  'AWS::KMS::Alias': { nameProperty: 'AliasName', attributes: {} },
  'AWS::Kinesis::Stream': {
    nameProperty: 'Name',
    attributes: { Arn: (name) => arn('kinesis', `stream/${name}`) },
  },
  'AWS::KMS::Key': {
    // KMS chooses it. Here it is derived from the alias's name, so that it is predictable.
    nameProperty: 'KeyId',
    attributes: { Arn: (name) => arn('kms', `key/${name}`), KeyId: itself },
  },
  'AWS::Lambda::Function': {
    nameProperty: 'FunctionName',
    attributes: { Arn: (name) => arn('lambda', `function:${name}`) },
  },
  'AWS::Logs::LogGroup': {
    nameProperty: 'LogGroupName',
    attributes: { Arn: (name) => arn('logs', `log-group:${name}:*`) },
  },
  'AWS::S3::Bucket': { nameProperty: 'BucketName', attributes: { Arn: (name) => `arn:aws:s3:::${name}` } },
  'AWS::SNS::Topic': {
    nameProperty: 'TopicName',
    ref: (name) => arn('sns', name),
    attributes: { TopicArn: (name) => arn('sns', name), TopicName: itself },
  },
  'AWS::SQS::Queue': {
    nameProperty: 'QueueName',
    ref: queueUrl,
    attributes: { Arn: (name) => arn('sqs', name), QueueName: itself, QueueUrl: queueUrl },
  },
};

class Resolver {
  readonly #template: Template;
  readonly #awsEndpoint: string;

  constructor(template: Template, awsEndpoint: string) {
    this.#template = template;
    this.#awsEndpoint = awsEndpoint;
  }

  /** `undefined` stands for AWS::NoValue, and removes the property or list entry that has it. */
  resolve(value: unknown, path: string): unknown {
    if (Array.isArray(value)) {
      return value
        .map((entry, index) => this.resolve(entry, `${path}.${index}`))
        .filter((entry) => entry !== undefined);
    }
    if (typeof value !== 'object' || value === null) return value;
    const [[key, argument] = [], ...others] = Object.entries(value);
    if (key && others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) {
      return this.#call(key, argument, path);
    }
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, entry]) => [name, this.resolve(entry, `${path}.${name}`)])
        .filter(([, entry]) => entry !== undefined),
    );
  }

  #call(name: string, argument: unknown, path: string): unknown {
    switch (name) {
      case 'Ref':
        return this.#ref(argument as string, path);
      case 'Fn::GetAtt':
        return this.#attribute(Array.isArray(argument) ? argument.join('.') : (argument as string), path);
      case 'Fn::Join': {
        const [separator, parts] = argument as [string, unknown];
        return (this.resolve(parts, path) as string[]).join(separator);
      }
      case 'Fn::Sub':
        return this.#substitute(argument as string | [string, Record<string, unknown>], path);
      default:
        throw new Error(
          `${path}: the local cloud does not know ${name}. It knows Ref, Fn::GetAtt, Fn::Join and Fn::Sub.`,
        );
    }
  }

  #ref(logicalId: string, path: string): string | undefined {
    if (logicalId in pseudoParameters) return pseudoParameters[logicalId];
    const { name, identity } = this.#physical(logicalId, path);
    return identity?.ref ? identity.ref(name, this.#awsEndpoint) : name;
  }

  #attribute(reference: string, path: string): string {
    const [logicalId = '', attribute = ''] = reference.split(/\.(.*)/s);
    const { name, type, identity } = this.#physical(logicalId, path);
    const value = identity?.attributes[attribute];
    if (value) return value(name, this.#awsEndpoint);
    const known = Object.keys(identity?.attributes ?? {}).join(', ') || 'no attributes';
    throw new Error(`${path}: Fn::GetAtt ${reference}: of ${type} the local cloud knows ${known}.`);
  }

  #substitute(argument: string | [string, Record<string, unknown>], path: string): string {
    const [text, variables = {}] = Array.isArray(argument) ? argument : [argument];
    return text.replace(/\$\{([^}]+)\}/g, (placeholder, name: string) => {
      if (name.startsWith('!')) return `\${${name.slice(1)}}`;
      if (name in variables) return String(this.resolve(variables[name], path));
      const value = name.includes('.') ? this.#attribute(name, path) : this.#ref(name, path);
      if (value === undefined) throw new Error(`${path}: Fn::Sub cannot write ${placeholder} into a text.`);
      return value;
    });
  }

  #physical(
    logicalId: string,
    path: string,
  ): { name: string; type: string; identity?: Identity | undefined } {
    const resource = this.#template.Resources[logicalId];
    if (!resource) {
      throw new Error(
        `${path}: ${logicalId} is neither a resource of this template nor one of ` +
          `${Object.keys(pseudoParameters).join(', ')}.`,
      );
    }
    const identity = identities[resource.Type];
    const properties = resource.Type === 'AWS::KMS::Key' ? this.#keyId(logicalId) : resource.Properties;
    const name = identity && this.resolve(properties?.[identity.nameProperty], logicalId);
    // CloudFormation generates a name for a resource without one. Here it is the logical id.
    return { name: typeof name === 'string' ? name : logicalId, type: resource.Type, identity };
  }

  #keyId(logicalId: string): Record<string, unknown> {
    const aliases = Object.values(this.#template.Resources).filter(({ Type }) => Type === 'AWS::KMS::Alias');
    const names = [
      { Ref: logicalId },
      { 'Fn::GetAtt': [logicalId, 'Arn'] },
      { 'Fn::GetAtt': `${logicalId}.Arn` },
    ];
    const own = aliases.find(({ Properties }) =>
      names.some((name) => isDeepStrictEqual(name, Properties?.TargetKeyId)),
    );
    if (!own) {
      throw new Error(
        `${logicalId}: the local cloud names a key by its alias. Add an AWS::KMS::Alias whose TargetKeyId is ` +
          `!Ref ${logicalId}.`,
      );
    }
    return { KeyId: String(this.resolve(own.Properties?.AliasName, logicalId)).replace(/^alias\//, '') };
  }
}

import { filterPolicyRefusal } from './filterPolicy.ts';

/**
 * A resource of a template. Its properties may have intrinsic functions, whose values only AWS knows: these are not
 * checked.
 */
type Resource = { Type: string; Properties?: Record<string, unknown> | undefined };

/**
 * What AWS would refuse in a template although CloudFormation and the emulators accept it: values of event source
 * mappings and filter policies of subscriptions. In AWS such a deployment fails halfway, and is rolled back.
 *
 * @returns the reason in a sentence, without the name of the resource; undefined when there is none.
 */
export function refusedByAws({ Type, Properties = {} }: Resource): string | undefined {
  if (Type === 'AWS::Lambda::EventSourceMapping') return mappingRefusal(Properties);
  if (Type === 'AWS::SNS::Subscription' && Properties.FilterPolicy !== undefined) {
    return filterPolicyRefusal(Properties.FilterPolicy, Properties.FilterPolicyScope);
  }
  return undefined;
}

/** Minimum and maximum, inclusive. https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html */
const ranges: Record<string, [least: number, most: number]> = {
  BatchSize: [1, 10_000],
  MaximumBatchingWindowInSeconds: [0, 300],
  MaximumRetryAttempts: [-1, 10_000],
  ParallelizationFactor: [1, 10],
  TumblingWindowInSeconds: [0, 900],
  // In the ScalingConfig.
  MaximumConcurrency: [2, 1_000],
};

function mappingRefusal(properties: Record<string, unknown>): string | undefined {
  const { ScalingConfig, StartingPosition, MaximumRecordAgeInSeconds: age } = properties;
  const values = { ...properties, ...(ScalingConfig as object | undefined) };
  for (const [name, [least, most]] of Object.entries(ranges)) {
    if (!isWithin(values[name], least, most)) {
      return `AWS wants ${name} from ${least} to ${most}, and it is ${JSON.stringify(values[name])}.`;
    }
  }
  if (!isWithin(age, 60, 604_800) && Number(age) !== -1) {
    return `AWS wants MaximumRecordAgeInSeconds from 60 to 604800, or -1, and it is ${JSON.stringify(age)}.`;
  }
  // A stream needs a starting position, and a queue must not have one.
  const window = values.MaximumBatchingWindowInSeconds ?? 0;
  if (StartingPosition === undefined && Number(values.BatchSize) > 10 && Number(window) < 1) {
    return 'AWS wants MaximumBatchingWindowInSeconds ≥ 1 with a BatchSize above 10.';
  }
  return undefined;
}

/** CloudFormation accepts numbers as texts too. */
function isWithin(value: unknown, least: number, most: number): boolean {
  if (value === undefined || typeof value === 'object') return true;
  return Number.isInteger(Number(value)) && Number(value) >= least && Number(value) <= most;
}

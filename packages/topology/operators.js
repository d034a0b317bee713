// The subscription of those who are told of alarms.

/**
 * @param {{ resolveVariable(name: string): Promise<unknown> }} framework
 * @returns resources: none when the parameter `operators` is empty
 */
export async function subscription({ resolveVariable }) {
  const operators = String(await resolveVariable('param:operators'));
  if (operators === '') return {};
  const Protocol = operators.startsWith('https://') ? 'https' : 'email';
  const Properties = { TopicArn: { Ref: 'OperatorsTopic' }, Protocol, Endpoint: operators };
  return { Resources: { OperatorsSubscription: { Type: 'AWS::SNS::Subscription', Properties } } };
}

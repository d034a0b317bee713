import { readFileSync } from 'node:fs';

/** Of a policy: what may be done to what, and on which condition. */
type Statement = {
  Action: string | string[];
  Resource: string | string[];
  Condition?: Record<string, Record<string, string | string[]>>;
};

/** A stage of an account, in a region. */
type Place = { stage: string; region: string; account: string };

/** The policy of the operator's role as docs/operations.md has it, with the names of a stage in its places. */
export function operatorPolicy({ stage, region, account }: Place): { Statement: Statement[] } {
  const page = readFileSync(new URL('../docs/operations.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split(/^## The operator's role$/m);
  const [, policy = ''] = /```json\n([\s\S]*?)```/.exec(section) ?? [];
  return JSON.parse(
    policy.replaceAll('<stage>', stage).replaceAll('<region>', region).replaceAll('<account>', account),
  );
}

/** What a role may do to what. A condition that names what it is about is its resource. */
export type Grant = { action: string; resource: string };

export const grantsOf = (place: Place): Grant[] =>
  operatorPolicy(place).Statement.flatMap(({ Action, Resource }) => grants(Action, Resource));

/** The same of what a condition narrows: the function of a mapping, the aliases of a key. */
export const conditionsOf = (place: Place): Grant[] =>
  operatorPolicy(place).Statement.flatMap(({ Action, Condition = {} }) =>
    Object.values(Condition)
      .flatMap((keys) => Object.values(keys))
      .flatMap((values) => grants(Action, values)),
  );

const grants = (actions: string | string[], resources: string | string[]): Grant[] =>
  [actions].flat().flatMap((action) => [resources].flat().map((resource) => ({ action, resource })));

/** Whether a grant is for a call, as IAM matches: `*` is any text, whatever is in it. */
export const covers =
  (call: Grant) =>
  ({ action, resource }: Grant): boolean =>
    action === call.action &&
    new RegExp(
      `^${resource
        .split('*')
        .map((part) => part.replace(/[.\\$]/g, '\\$&'))
        .join('.*')}$`,
    ).test(call.resource);

import type { QueryCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { EventItem } from './eventItems.ts';
import { tableName } from './tables.ts';

export type Condition = {
  attribute: keyof EventItem;
  operator: '=' | '>' | '>=' | '<';
  value: string | number | undefined;
};

/** A query of the table, or of an index, by its keys, of which only what fits the filters is given. */
export function expressionsOf(keys: Condition[], filters: Condition[]): QueryCommandInput {
  const all = [...keys, ...filters];
  const texts = all.map(({ attribute, operator }, i) => `#${attribute} ${operator} :${i}`);
  return {
    TableName: tableName(),
    ...(keys.length > 0 && { KeyConditionExpression: texts.slice(0, keys.length).join(' AND ') }),
    ...(filters.length > 0 && { FilterExpression: texts.slice(keys.length).join(' AND ') }),
    ExpressionAttributeNames: Object.fromEntries(all.map(({ attribute }) => [`#${attribute}`, attribute])),
    ExpressionAttributeValues: marshall(Object.fromEntries(all.map(({ value }, i) => [`:${i}`, value]))),
  };
}

/**
 * What of a table stays as it was created, in texts to compare and to read: `pk S, sk S` are keys with their types,
 * `INCLUDE time, type` is a projection.
 */
export type TableShape = {
  keys: string;
  indexes: Record<string, { keys: string; projection: string }>;
  /** What the records of its stream have; null without one. */
  stream: string | null;
};

type Keys = { AttributeName: string }[];
type Index = {
  IndexName: string;
  KeySchema: Keys;
  Projection: { ProjectionType: string; NonKeyAttributes?: string[] };
};

/** The shape of a table by its properties in a template. */
export function tableShape(properties: Record<string, unknown>): TableShape {
  const {
    AttributeDefinitions,
    KeySchema,
    GlobalSecondaryIndexes,
    LocalSecondaryIndexes,
    StreamSpecification,
  } = properties as {
    AttributeDefinitions: { AttributeName: string; AttributeType: string }[];
    KeySchema: Keys;
    GlobalSecondaryIndexes?: Index[];
    LocalSecondaryIndexes?: Index[];
    StreamSpecification?: { StreamViewType: string };
  };
  const types = new Map(AttributeDefinitions.map((each) => [each.AttributeName, each.AttributeType]));
  const keysOf = (keys: Keys) =>
    keys.map(({ AttributeName: name }) => `${name} ${types.get(name)}`).join(', ');
  const indexes = [...(GlobalSecondaryIndexes ?? []), ...(LocalSecondaryIndexes ?? [])].map(
    ({ IndexName, KeySchema, Projection }) => ({
      name: IndexName,
      keys: keysOf(KeySchema),
      // In any order they are the same projection.
      projection: [Projection.ProjectionType, Projection.NonKeyAttributes?.toSorted().join(', ')]
        .filter(Boolean)
        .join(' '),
    }),
  );
  return {
    keys: keysOf(KeySchema),
    indexes: Object.fromEntries(indexes.map(({ name, ...index }) => [name, index])),
    stream: StreamSpecification?.StreamViewType ?? null,
  };
}

/** A difference between two shapes of a table. `index` is the one that differs; `text` follows the table's name: "'s index …". */
export type TableChange = {
  kind: 'keys' | 'stream' | 'index' | 'new index' | 'index gone';
  index?: string;
  text: string;
};

export function tableChanges(before: TableShape, after: TableShape): TableChange[] {
  const changes: TableChange[] = [];
  const compare = (what: string, was: string | null, is: string | null, rest: Omit<TableChange, 'text'>) => {
    if (was !== is) changes.push({ ...rest, text: `${what}: ${was ?? 'none'} before, ${is ?? 'none'} now` });
  };
  compare(' has other keys', before.keys, after.keys, { kind: 'keys' });
  compare(' has another stream', before.stream, after.stream, { kind: 'stream' });
  for (const [index, now] of Object.entries(after.indexes)) {
    const was = before.indexes[index];
    if (!was) changes.push({ kind: 'new index', index, text: ` has a new index ${index}` });
    else {
      compare(`'s index ${index} has other keys`, was.keys, now.keys, { kind: 'index', index });
      const projection = `'s index ${index} has another projection`;
      compare(projection, was.projection, now.projection, { kind: 'index', index });
    }
  }
  for (const index of Object.keys(before.indexes)) {
    if (!after.indexes[index]) {
      changes.push({ kind: 'index gone', index, text: `'s index ${index} is no longer there` });
    }
  }
  return changes;
}

/** The shapes of a resolved template's tables, by their names. */
export const tablesOf = (
  resources: Record<string, { Type: string; Properties: Record<string, unknown> }>,
): Record<string, TableShape> =>
  Object.fromEntries(
    Object.values(resources)
      .filter(({ Type }) => Type === 'AWS::DynamoDB::Table')
      .map(({ Properties }) => [String(Properties.TableName), tableShape(Properties)]),
  );

// The tables of the archive for Athena and whoever else reads Glue's catalog: one for each type of event, of its Parquet
// files, and `events` of the lines of all types.
import { firstDay } from './partitions.js';

/** The members of every event that are columns of `events`, beside its partitions and its data, which is a text with JSON. */
const envelope = [
  'id',
  'source',
  'subject',
  'time',
  'sequence',
  'merchantid',
  'correlationid',
  'causationid',
];

/**
 * For the resources of serverless.yml.
 *
 * @param {{ resolveVariable(name: string): Promise<unknown> }} framework
 */
export async function tables({ resolveVariable }) {
  const databaseName = databaseOf(String(await resolveVariable('sls:stage')));
  // Written by `pnpm fanfold describe` from the contracts.
  const columnsByType = /** @type {Record<string, Record<string, string>>} */ (
    await resolveVariable('file(./columns.json)')
  );
  const types = Object.keys(columnsByType);
  const ofTypes = types.map((type) => [
    `${logicalIdOf(type)}Table`,
    tableOf({
      databaseName,
      name: tableNameOf(type),
      folder: `parquet/type=${type}/`,
      columns: Object.entries(columnsByType[type] ?? {}).map(([name, columnType]) => ({
        Name: name,
        Type: columnType === 'json' ? 'string' : columnType,
      })),
      partitions: day,
      format: parquet,
    }),
  ]);
  const ofAll = tableOf({
    databaseName,
    name: 'events',
    folder: 'ndjson/',
    columns: [...envelope, 'data'].map((name) => ({ Name: name, Type: 'string' })),
    partitions: { type: { type: 'enum', values: types.join() }, ...day },
    format: ndjson,
  });
  return {
    Resources: {
      Database: {
        Type: 'AWS::Glue::Database',
        Properties: {
          CatalogId: { Ref: 'AWS::AccountId' },
          DatabaseInput: { Name: databaseName, Description: 'The events of Fanfold, without personal data' },
        },
      },
      EventsTable: ofAll,
      ...Object.fromEntries(ofTypes),
    },
  };
}

/**
 * A name that SQL takes without quotes.
 *
 * @param {string} stage
 */
const databaseOf = (stage) => `fanfold_${stage.replaceAll('-', '_')}_archive`;

/** @param {string} type as `payment.captured.v1` */
const tableNameOf = (type) => type.replace(/[.-]/g, '_');

/** @param {string} type */
const logicalIdOf = (type) => type.replace(/(?:^|[.-])(\w)/g, (_, letter) => letter.toUpperCase());

/**
 * A day has a partition without anybody adding it: Athena knows from this which there are.
 * https://docs.aws.amazon.com/athena/latest/ug/partition-projection.html
 */
const day = { day: { type: 'date', format: 'yyyy-MM-dd', range: `${firstDay},NOW+1DAY` } };

const parquet = {
  classification: 'parquet',
  InputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat',
  OutputFormat: 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat',
  SerializationLibrary: 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe',
};

const ndjson = {
  classification: 'json',
  InputFormat: 'org.apache.hadoop.mapred.TextInputFormat',
  OutputFormat: 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat',
  SerializationLibrary: 'org.openx.data.jsonserde.JsonSerDe',
};

/**
 * @param {{
 *   databaseName: string,
 *   name: string,
 *   folder: string,
 *   columns: { Name: string, Type: string }[],
 *   partitions: Record<string, Record<string, string>>,
 *   format: typeof parquet,
 * }} table `folder` of the bucket, and `partitions` with what Athena projects them from
 */
function tableOf({ databaseName, name, folder, columns, partitions, format }) {
  const { classification, SerializationLibrary, ...formats } = format;
  const projection = Object.entries(partitions).flatMap(([partition, settings]) =>
    Object.entries(settings).map(([setting, value]) => [`projection.${partition}.${setting}`, value]),
  );
  return {
    Type: 'AWS::Glue::Table',
    DependsOn: ['Database'],
    Properties: {
      CatalogId: { Ref: 'AWS::AccountId' },
      DatabaseName: databaseName,
      TableInput: {
        Name: name,
        TableType: 'EXTERNAL_TABLE',
        Parameters: { classification, 'projection.enabled': 'true', ...Object.fromEntries(projection) },
        PartitionKeys: Object.keys(partitions).map((partition) => ({ Name: partition, Type: 'string' })),
        StorageDescriptor: {
          Location: { 'Fn::Sub': `s3://\${ArchiveBucket}/${folder}` },
          Columns: columns,
          ...formats,
          SerdeInfo: { SerializationLibrary },
        },
      },
    },
  };
}

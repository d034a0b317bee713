/** What AWS bills, and so what is counted. */
export const units = {
  httpRequests: 'HTTP API requests',
  restRequests: 'REST API requests',
  invocations: 'Lambda invocations',
  gigabyteSeconds: 'Lambda GB-seconds',
  writeUnits: 'DynamoDB write units',
  readUnits: 'DynamoDB read units',
  snsRequests: 'SNS requests',
  sqsRequests: 'SQS requests',
  busEvents: 'EventBridge events',
  s3Puts: 'S3 PUT',
  s3Gets: 'S3 GET',
  signatures: 'KMS signatures',
  logBytes: 'log bytes',
} as const;

export type Unit = keyof typeof units;

/** So much of something, and what for. */
export type Used = { unit: Unit; place: string; count: number };

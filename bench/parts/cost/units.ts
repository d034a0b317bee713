/** What AWS bills, and so what is counted. */
export const units = {
  httpRequests: 'HTTP API',
  restRequests: 'REST API',
  invocations: 'Lambda runs',
  gigabyteSeconds: 'GB-seconds',
  writeUnits: 'write units',
  readUnits: 'read units',
  snsRequests: 'SNS',
  sqsRequests: 'SQS',
  busEvents: 'EventBridge',
  s3Puts: 'S3 PUT',
  s3Gets: 'S3 GET',
  signatures: 'KMS',
  logBytes: 'log bytes',
} as const;

export type Unit = keyof typeof units;

/** So much of something, and what for. */
export type Used = { unit: Unit; place: string; count: number };

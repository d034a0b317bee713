/** An item of a service's table, without DynamoDB's types: binary attributes are base64. */
export type Item = Record<string, unknown> & { pk: string };

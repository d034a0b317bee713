import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings } from './aws.ts';

export const dynamodb = /* @__PURE__ */ new DynamoDBClient(clientSettings);

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { clientSettings, keepSigner } from './aws.ts';

export const dynamodb = /* @__PURE__ */ keepSigner(/* @__PURE__ */ new DynamoDBClient(clientSettings));

import { SQSClient } from '@aws-sdk/client-sqs';
import { clientSettings } from '../aws.ts';

export const sqs = /* @__PURE__ */ new SQSClient(clientSettings);

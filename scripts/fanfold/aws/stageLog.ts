import type { LogReader } from '@fanfold/verify/logReader';
import { type Cloud, invoke } from './cloud.ts';

/** What a function of the API answers: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html */
type Answer = { statusCode: number; body?: string; isBase64Encoded?: boolean };

/** The audit log of a stage, from the functions that show it to anybody: it takes no address. */
export const stageLog = (cloud: Cloud): LogReader => ({
  name: `the log of ${cloud.stage}`,
  async read(path, maxBytes) {
    const [functionKey, routeKey, pathParameters] =
      path === 'checkpoint'
        ? ['getCheckpoint', 'GET /checkpoint', {}]
        : ['getTile', 'GET /tile/{path+}', { path: path.replace(/^tile\//, '') }];
    const request = {
      version: '2.0',
      routeKey,
      rawPath: `/${path}`,
      rawQueryString: '',
      headers: {},
      requestContext: { http: { method: 'GET', path: `/${path}` } },
      pathParameters,
      isBase64Encoded: false,
    };
    const answer = (await invoke(cloud, 'audit', functionKey, request)) as Answer;
    const { statusCode, body = '', isBase64Encoded } = answer;
    if (statusCode === 404) return undefined;
    if (statusCode === 200) {
      return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8').subarray(0, maxBytes + 1);
    }
    throw new Error(`${path} of the log of ${cloud.stage} returned ${statusCode}: ${body}`);
  },
});

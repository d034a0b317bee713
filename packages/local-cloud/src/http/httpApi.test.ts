import { expect, test } from 'vitest';
import { httpApiOf, matchRoute } from './httpApi.ts';

const apiWith = ({ route = {}, integration = {}, api = {} }: Record<string, object> = {}) => ({
  HttpApi: { Type: 'AWS::ApiGatewayV2::Api', Properties: { Name: 'things', ProtocolType: 'HTTP', ...api } },
  Integration: {
    Type: 'AWS::ApiGatewayV2::Integration',
    Properties: {
      IntegrationType: 'AWS_PROXY',
      IntegrationUri: 'arn:aws:lambda:eu-west-1:000000000000:function:things-local-get',
      PayloadFormatVersion: '2.0',
      TimeoutInMillis: 12_000,
      ...integration,
    },
  },
  Route: {
    Type: 'AWS::ApiGatewayV2::Route',
    Properties: { ApiId: 'HttpApi', RouteKey: 'GET /things', Target: 'integrations/Integration', ...route },
  },
});

test('the routes of a template lead to its functions', () => {
  expect(httpApiOf(apiWith())).toEqual({
    routes: [{ routeKey: 'GET /things', functionName: 'things-local-get', timeoutMs: 12_000 }],
    cors: undefined,
  });
  expect(httpApiOf({})).toEqual({ routes: [], cors: undefined });
});

test('a function has 30 seconds at most, and by default', () => {
  for (const TimeoutInMillis of [60_000, undefined]) {
    expect(httpApiOf(apiWith({ integration: { TimeoutInMillis } })).routes[0]?.timeoutMs).toBe(30_000);
  }
});

test.each([
  ['an authorizer', { route: { AuthorizationType: 'JWT' } }, 'GET /things has an authorizer'],
  ['payload format 1.0', { integration: { PayloadFormatVersion: '1.0' } }, 'payload format 1.0'],
  ['another server', { integration: { IntegrationType: 'HTTP_PROXY' } }, 'goes to HTTP_PROXY'],
])('a route with %s is refused', (_what, parts, says) => {
  expect(() => httpApiOf(apiWith(parts))).toThrow(says);
});

const routes = [
  '$default',
  'ANY /{proxy+}',
  'GET /pets/{proxy+}',
  'GET /pets/dog/{id}',
  'GET /pets/dog/1',
  'ANY /cats',
  'GET /cats',
  'GET /{animal}/{id}',
].map((routeKey) => ({ routeKey, functionName: routeKey, timeoutMs: 1 }));

test.each([
  // The first four are AWS's own examples.
  ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
  ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
  ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
  ['POST', '/test/5', 'ANY /{proxy+}', { proxy: 'test/5' }],
  ['GET', '/cats', 'GET /cats', {}],
  ['PUT', '/cats', 'ANY /cats', {}],
  ['HEAD', '/cats', 'ANY /cats', {}],
  ['GET', '/pets/dog', 'GET /{animal}/{id}', { animal: 'pets', id: 'dog' }],
  ['GET', '/pets/', 'ANY /{proxy+}', { proxy: 'pets/' }],
  ['GET', '/', '$default', {}],
  ['GET', '', '$default', {}],
  ['OPTIONS', '*', '$default', {}],
])('%s %s is for %s', (method, path, routeKey, variables) => {
  const match = matchRoute(routes, method, path);
  expect([match?.route.routeKey, match?.variables]).toEqual([routeKey, variables]);
});

test('what fits no route is for nobody, if there is no $default', () => {
  const [things] = httpApiOf(apiWith()).routes;
  for (const [method, path] of [
    ['POST', '/things'],
    ['HEAD', '/things'],
    ['GET', '/things/'],
    ['GET', '//things'],
    ['GET', '/Things'],
    ['GET', '/thing'],
  ] as const) {
    expect(matchRoute([things as NonNullable<typeof things>], method, path)).toBeUndefined();
  }
});

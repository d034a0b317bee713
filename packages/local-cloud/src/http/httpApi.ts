import type { Resource } from '../templates/template.ts';

/** An HTTP API of API Gateway, as a template describes it. */
export type HttpApi = { routes: Route[]; cors: Cors | undefined };

/** A route, and the function behind it. */
export type Route = {
  /** As in `GET /payments/{id}`, `ANY /files/{path+}` or `$default`. */
  routeKey: string;
  /** The function's name in Lambda. */
  functionName: string;
  /** How long the gateway waits for the function. */
  timeoutMs: number;
};

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html */
export type Cors = {
  AllowOrigins?: string[];
  AllowMethods?: string[];
  AllowHeaders?: string[];
  ExposeHeaders?: string[];
  AllowCredentials?: boolean;
  MaxAge?: number;
};

/** The longest time that API Gateway waits, and the default. */
const maxIntegrationTimeoutMs = 30_000;

/**
 * The HTTP API of a resolved template; one without routes if it has none.
 *
 * @throws when a route needs something that the local gateway does not support: an authorizer, or an integration
 *   other than a function with payload format 2.0.
 */
export function httpApiOf(resources: Record<string, Resource>): HttpApi {
  const ofType = (type: string) => Object.values(resources).filter(({ Type }) => Type === type);
  const [api] = ofType('AWS::ApiGatewayV2::Api');
  return {
    routes: ofType('AWS::ApiGatewayV2::Route').map(({ Properties }) => routeOf(Properties, resources)),
    cors: api?.Properties.CorsConfiguration as Cors | undefined,
  };
}

function routeOf(route: Record<string, unknown>, resources: Record<string, Resource>): Route {
  const routeKey = String(route.RouteKey);
  if ((route.AuthorizationType ?? 'NONE') !== 'NONE') {
    throw new Error(
      `${routeKey} has an authorizer, and the local gateway runs none. Verify access tokens in the function, as ` +
        '@fanfold/runtime/http does: that is the same everywhere.',
    );
  }
  const integration = resources[String(route.Target).replace('integrations/', '')]?.Properties ?? {};
  const { IntegrationType, PayloadFormatVersion, IntegrationUri, TimeoutInMillis } = integration;
  if (IntegrationType !== 'AWS_PROXY' || PayloadFormatVersion !== '2.0') {
    throw new Error(
      `${routeKey} goes to ${IntegrationType} with payload format ${PayloadFormatVersion}: the local gateway knows ` +
        'functions (AWS_PROXY) with payload format 2.0 only.',
    );
  }
  return {
    routeKey,
    functionName: String(IntegrationUri).split(':').at(-1) as string,
    timeoutMs: Math.min(Number(TimeoutInMillis ?? maxIntegrationTimeoutMs), maxIntegrationTimeoutMs),
  };
}

/** The route of a request, and the values of its path variables. */
export type Match = { route: Route; variables: Record<string, string> };

/**
 * The route that API Gateway chooses: a full match, then one with a greedy variable, then `$default`. Of several
 * matches, the one with more fixed segments, and its own method before ANY.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html#http-api-develop-routes.evaluation
 *
 * HEAD does not match GET, and a slash at the end makes another path.
 */
export function matchRoute(routes: Route[], method: string, path: string): Match | undefined {
  const [best] = routes
    .flatMap((route) => fit(route, method, path) ?? [])
    .sort(
      (a, b) => Number(a.greedy) - Number(b.greedy) || b.fixed - a.fixed || Number(a.any) - Number(b.any),
    );
  if (best) return best;
  const fallback = routes.find(({ routeKey }) => routeKey === '$default');
  return fallback && { route: fallback, variables: {} };
}

function fit(route: Route, method: string, path: string) {
  const [routeMethod, template = ''] = route.routeKey.split(' ');
  if (routeMethod !== method && routeMethod !== 'ANY') return undefined;
  const greedy = template.endsWith('+}');
  const wanted = template.split('/');
  const parts = path.split('/');
  // The value of a greedy variable is one text, slashes included.
  const sent = greedy ? [...parts.splice(0, wanted.length - 1), parts.join('/')] : parts;
  if (sent.length !== wanted.length) return undefined;
  const variables: Record<string, string> = {};
  for (const [index, part] of sent.entries()) {
    const name = /^\{(.+?)\+?\}$/.exec(wanted[index] as string)?.[1];
    if (name === undefined ? part !== wanted[index] : part === '') return undefined;
    if (name !== undefined) variables[name] = part;
  }
  const fixed = wanted.length - Object.keys(variables).length;
  return { route, variables, greedy, fixed, any: routeMethod === 'ANY' };
}

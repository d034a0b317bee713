import type { Cors } from './httpApi.ts';
import type { HttpAnswer } from './proxyEvent.ts';

// The behaviour of an HTTP API whose template has a CorsConfiguration. Without one, a preflight request is a request
// like any other. https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html

type Headers = Record<string, string>;

/** The response to a preflight request, which no function gets; undefined for any other request. */
export function preflightAnswer(cors: Cors, method: string, headers: Headers): HttpAnswer | undefined {
  if (method !== 'OPTIONS' || !headers.origin || !headers['access-control-request-method']) return undefined;
  const { AllowMethods, AllowHeaders, MaxAge } = cors;
  const preflight: [string, string | undefined][] = [
    ['access-control-allow-methods', AllowMethods?.join()],
    ['access-control-allow-headers', AllowHeaders?.join()],
    ['access-control-max-age', MaxAge?.toString()],
  ];
  const isAllowed = allowedOrigin(cors, headers.origin) !== undefined;
  const answer: HttpAnswer = {
    status: 204,
    headers: isAllowed ? withValues(preflight) : [],
    body: Buffer.alloc(0),
  };
  return addCors(answer, cors, headers);
}

/** Adds the CORS headers, in place of those of the function. */
export function addCors(answer: HttpAnswer, cors: Cors | undefined, { origin }: Headers): HttpAnswer {
  if (!cors || !origin) return answer;
  const allowed = allowedOrigin(cors, origin);
  const own: [string, string | undefined][] = [
    ['access-control-allow-origin', allowed],
    ['access-control-allow-credentials', cors.AllowCredentials ? 'true' : undefined],
    ['access-control-expose-headers', cors.ExposeHeaders?.join()],
  ];
  const names = new Set(own.map(([name]) => name));
  const others = answer.headers.filter(([name]) => !names.has(name.toLowerCase()));
  return { ...answer, headers: [...others, ...(allowed === undefined ? [] : withValues(own))] };
}

function allowedOrigin({ AllowOrigins = [] }: Cors, origin: string): string | undefined {
  if (AllowOrigins.includes('*')) return '*';
  const isAllowed = AllowOrigins.some((allowed) =>
    allowed.endsWith('://*') ? origin.startsWith(allowed.slice(0, -1)) : allowed === origin,
  );
  return isAllowed ? origin : undefined;
}

const withValues = (headers: [string, string | undefined][]): [string, string][] =>
  headers.filter((header): header is [string, string] => header[1] !== undefined);

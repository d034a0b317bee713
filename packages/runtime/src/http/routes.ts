/**
 * The methods that an HTTP API has for a path.
 *
 * @param routes the route keys that the template gives to the function: `GET /payments,GET /payments/{id}`
 * @param path as the gateway passes it, decoded
 */
export const methodsOf = (routes: string, path: string): string[] =>
  routes
    .split(',')
    .map((routeKey) => routeKey.split(' ') as [method: string, template: string])
    .filter(([, template]) => patternOf(template).test(path))
    .map(([method]) => method)
    .sort();

/** `{id}` matches one part of a path, and `{path+}` all the rest. */
const patternOf = (template: string): RegExp =>
  new RegExp(`^${template.replace(/\{\w+\+\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`, 's');

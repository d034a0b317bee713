/**
 * The methods that an HTTP API has for a path.
 *
 * @param routes its route keys as the template gives them to a function: `GET /payments,GET /payments/{id}`
 * @param path as the gateway gives it, decoded
 */
export const methodsOf = (routes: string, path: string): string[] =>
  routes
    .split(',')
    .map((routeKey) => routeKey.split(' ') as [method: string, template: string])
    .filter(([, template]) => patternOf(template).test(path))
    .map(([method]) => method)
    .sort();

/** What stands in a path for `{id}`, which is one part of it, and for `{path+}`, which is all the rest. */
const patternOf = (template: string): RegExp =>
  new RegExp(`^${template.replace(/\{\w+\+\}/g, '.+').replace(/\{\w+\}/g, '[^/]+')}$`, 's');

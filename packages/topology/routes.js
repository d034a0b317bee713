// The routes of a service's API, for the function that answers all other requests: it tells a known path from an
// unknown one.

/**
 * The route keys of serverless.yml, as in `GET /payments,POST /payments`.
 *
 * @param {{ resolveConfigurationProperty(path: string[]): Promise<Record<string, { events?: { httpApi?: string }[] }>> }} framework
 */
export async function routes({ resolveConfigurationProperty }) {
  const functions = await resolveConfigurationProperty(['functions']);
  return Object.values(functions)
    .flatMap(({ events = [] }) => events)
    .map(({ httpApi }) => httpApi)
    .filter((routeKey) => routeKey !== undefined && routeKey !== '*')
    .join();
}

// The routes of a service's API, for the function that answers all other requests: it tells a known path from an
// unknown one.

/**
 * The route keys of serverless.yml, as in `GET /payments,POST /payments`.
 *
 * @param {{ resolveConfigurationProperty(path: string[]): Promise<Functions | Functions[]> }} framework
 * @typedef {Record<string, { events?: { httpApi?: string }[] }>} Functions
 */
export async function routes({ resolveConfigurationProperty }) {
  const functions = await resolveConfigurationProperty(['functions']);
  return [functions]
    .flat()
    .flatMap((each) => Object.values(each))
    .flatMap(({ events = [] }) => events)
    .map(({ httpApi }) => httpApi)
    .filter((routeKey) => routeKey !== undefined && routeKey !== '*')
    .join();
}

// The default seller of a stage, as text: functions get it as an environment variable, and parse it.

/**
 * @param {{ resolveVariable(name: string): Promise<unknown> }} framework
 * @returns the JSON of the stage's seller in sellers.yml, `null` when it has none
 */
export async function defaultSeller({ resolveVariable }) {
  const stages = await resolveVariable('file(../../packages/topology/sellers.yml)');
  const stage = String(await resolveVariable('sls:stage'));
  return JSON.stringify(/** @type {Record<string, object>} */ (stages)[stage] ?? null);
}

import type { Endpoints } from '@fanfold/local-cloud/emulators';
import { templateOf } from '@fanfold/local-cloud/packagedTemplates';
import { provision } from '@fanfold/local-cloud/provision';

/** Creates audit's tables in the emulators, and sets their names in the environment. */
export async function provideTables(endpoints: Endpoints): Promise<void> {
  await provide(endpoints, ['Table', 'KeysTable']);
}

/** Creates everything that the log needs. */
export async function provideLog(endpoints: Endpoints): Promise<void> {
  await provide(endpoints, [
    'Table',
    'KeysTable',
    'WitnessTable',
    'LogBucket',
    'LogSigningKey',
    'LogSigningKeyAlias',
    'WitnessSigningKey',
    'WitnessSigningKeyAlias',
  ]);
}

/** Creates resources of the template, and sets the environment variables of the functions that use them. */
async function provide(endpoints: Endpoints, names: string[]): Promise<void> {
  const template = await templateOf('audit');
  const resources = Object.fromEntries(names.map((name) => [name, template[name]]));
  await provision(resources as never, endpoints);
  for (const { Type, Properties } of Object.values(template)) {
    if (Type !== 'AWS::Lambda::Function') continue;
    const { Variables = {} } = Object(Properties.Environment) as { Variables?: Record<string, string> };
    const named = Object.entries(Variables).filter(([name]) => /^(AUDIT|LOG|WITNESS)_/.test(name));
    Object.assign(process.env, Object.fromEntries(named));
  }
}

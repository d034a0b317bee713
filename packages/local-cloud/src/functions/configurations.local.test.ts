import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ResourceNotFoundException,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { clientConfiguration } from '../account.ts';
import { type Configurations, configurations } from './configurations.ts';
import { FunctionPool } from './functionPool.ts';
import { invoke } from './invoke.ts';
import { type LambdaEndpoint, startLambdaEndpoint } from './lambdaEndpoint.ts';

// The variables of functions, read and changed as the SDK does it.

const module = new URL('../../fixtures/handlers.ts', import.meta.url).href;
const functions = ['tell', 'other'].map((name) => ({
  ...{ name, handler: 'tell', module, timeoutMs: 30_000, memoryMb: 512 },
  environment: { TABLE_NAME: 'of the template' },
}));
const pools: FunctionPool[] = [];
let configured: Configurations;
let endpoint: LambdaEndpoint;
let lambda: LambdaClient;

beforeAll(async () => {
  const poolOf = (functions: ConstructorParameters<typeof FunctionPool>[0]['functions']) => {
    const pool = new FunctionPool({ functions, onLine: () => {} });
    pools.push(pool);
    return pool;
  };
  const pool = poolOf(functions);
  configured = configurations(functions, {
    invoke: (name, event) => pool.invoke(name, event),
    startPool: (changed) => poolOf([changed]),
  });
  endpoint = await startLambdaEndpoint({ invoke: configured.invoke, configurations: configured });
  lambda = new LambdaClient(clientConfiguration(endpoint.url));
});
afterAll(async () => {
  endpoint.stop();
  await configured.stop();
  await Promise.all(pools.map((pool) => pool.stop()));
});

type Told = { runs: number; environment: Record<string, string> };
const told = async (name: string, event = {}) => (await invoke(endpoint.url, name, event)) as Told;
const setVariables = (FunctionName: string, Variables: Record<string, string>) =>
  lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }));
const variablesOf = async (FunctionName: string) =>
  (await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))).Environment?.Variables;

it('a function has the variables that it was given, another one keeps its own, and a run that has begun ends', async () => {
  const before = await told('tell');
  // Begun before the call that follows arrives.
  const running = configured.invoke('tell', { waitMs: 200 });
  await setVariables('tell', { TABLE_NAME: 'another' });
  expect(await variablesOf('tell')).toEqual({ TABLE_NAME: 'another' });
  expect(await told('tell')).toMatchObject({ runs: 1, environment: { TABLE_NAME: 'another' } });
  expect((await told('other')).environment).toEqual({ TABLE_NAME: 'of the template' });
  expect(await running).toMatchObject({ environment: { TABLE_NAME: 'of the template' } });

  const last = configured.invoke('tell', { waitMs: 200 });
  await setVariables('tell', before.environment);
  expect(await variablesOf('tell')).toEqual({ TABLE_NAME: 'of the template' });
  // In the instances that were there before.
  expect((await told('tell')).runs).toBeGreaterThan(1);
  expect((await told('tell')).environment).toEqual({ TABLE_NAME: 'of the template' });
  expect(await last).toMatchObject({ environment: { TABLE_NAME: 'another' } });
});

it('a function that is not there has none', async () => {
  await expect(setVariables('none', {})).rejects.toThrow(ResourceNotFoundException);
  await expect(variablesOf('none')).rejects.toThrow(ResourceNotFoundException);
});

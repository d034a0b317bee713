import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Endpoints } from './emulators/emulators.ts';
import { configurations } from './functions/configurations.ts';
import { isMeasurement, readableLine } from './functions/functionOutput.ts';
import { FunctionPool, type FunctionPoolOptions, type PooledFunction } from './functions/functionPool.ts';
import { startLambdaEndpoint } from './functions/lambdaEndpoint.ts';
import { reservedConcurrency } from './functions/reservedConcurrency.ts';
import { startSchedules } from './functions/schedules.ts';
import { withSources } from './functions/sourceMaps.ts';
import { startGateway } from './http/gateway.ts';
import { type HttpApi, httpApiOf } from './http/httpApi.ts';
import type { Invocation } from './mappings/invocation.ts';
import { lambdaFunctions, startMappings } from './mappings/mappings.ts';
import { retryNotice } from './mappings/retryNotice.ts';
import { keepTables } from './stack/dataFolder.ts';
import type { Measurements } from './stack/measurements.ts';
import type { RunningService } from './stack/stack.ts';
import { provision } from './templates/provision.ts';
import { tablesOf } from './templates/tableShape.ts';
import { type Resource, resolveTemplate, type Template } from './templates/template.ts';

export type ServiceRuntimeOptions = {
  template: Template;
  endpoints: Endpoints;
  /** The stack's, if it keeps its data. */
  dataFolder?: string | undefined;
  /** URL of the issuer of tokens that the functions trust. */
  issuer: string;
  /** The port of the HTTP API, at 127.0.0.1; and of the Lambda endpoint, any free one by default. */
  port: number;
  lambdaPort?: number;
  /** The folder of the service's bundles: the module `src/functions/getPayment` is `src/functions/getPayment.mjs`. */
  bundles: string;
  /** Called with each line to show: requests, runs, output of functions, and errors around them. */
  onLine: (line: string) => void;
  /** Takes what the functions measure. */
  measurements?: Measurements | undefined;
};

export type ServiceRuntime = RunningService & {
  /** From now on functions run from the current bundles. */
  reload(): void;
  stop(): Promise<void>;
};

/**
 * Runs a service as AWS runs what its template deploys: its functions, its HTTP API, its event source mappings and its schedules, on
 * resources that are provisioned first.
 *
 * @throws when the template has something that the local cloud lacks or AWS refuses, the data folder has a table in another
 *   shape, or a port is taken
 */
export async function startServiceRuntime(options: ServiceRuntimeOptions): Promise<ServiceRuntime> {
  const { template, endpoints, dataFolder, port, lambdaPort, onLine, measurements } = options;
  const resources = resolveTemplate(template, endpoints.aws);
  const api = httpApiOf(resources);
  if (dataFolder) await keepTables(dataFolder, tablesOf(resources));
  const provisioned = provision(resources, endpoints);
  const onError = ({ message }: Error) => onLine(`ERROR ${message}`);
  const functions = functionsOf(resources, options);
  const computing = functions.filter((each) => runsInBackground(each, api));
  const output: Omit<FunctionPoolOptions, 'functions'> = {
    // It goes with the bundles: what they are compiled to is worth nothing without them.
    compileCache: join(options.bundles, '.compiled'),
    onLine(line) {
      if (isMeasurement(line)) measurements?.line(line);
      else show(readableLine(line), onLine);
    },
    onRun(name, durationMs) {
      measurements?.run(name, false, durationMs);
      onLine(`${keyOf(name)} took ${Math.round(durationMs)} ms`);
    },
    onFailure: (name, { errorMessage, trace }) => {
      measurements?.run(name, true);
      onLine(`ERROR ${keyOf(name)} failed`);
      show(withSources(trace.length > 0 ? trace.join('\n') : errorMessage), onLine);
    },
  };
  const pool = new FunctionPool({
    ...output,
    functions: functions.filter((each) => !computing.includes(each)),
  });
  const background = new FunctionPool({ ...output, functions: computing, inBackground: true });
  const isComputing = (functionName: string) => computing.some(({ name }) => name === functionName);
  const configured = configurations(functions, {
    invoke: (functionName, event) =>
      (isComputing(functionName) ? background : pool).invoke(functionName, event),
    startPool: (changed) =>
      new FunctionPool({ ...output, functions: [changed], inBackground: isComputing(changed.name) }),
  });
  const concurrency = reservedConcurrency(configured.invoke);
  const { invoke } = concurrency;
  const stops: (() => unknown)[] = [() => pool.stop(), () => background.stop(), () => configured.stop()];
  const stop = async () => {
    for (const each of stops.reverse()) await each();
  };
  const reload = () => {
    pool.reload();
    background.reload();
    configured.reload();
  };
  const keyOf = (name: string) => lambdaFunctions(resources).find((each) => each.name === name)?.key ?? name;
  try {
    await provisioned;
    const mappings = await startMappings({
      resources,
      endpoints,
      invoke,
      onError,
      onInvocation: reportRetries(endpoints.aws, onLine),
    });
    // A batch that runs for longer is delivered again, as whenever a consumer ends.
    stops.push(() => Promise.race([mappings.stop(), setTimeout(1_000)]));
    const schedules = startSchedules({ resources, invoke, onError });
    stops.push(() => schedules.stop());
    const lambda = await startLambdaEndpoint(
      {
        invoke,
        concurrency,
        configurations: configured,
        functionNames: lambdaFunctions(resources).map(({ name }) => name),
        mappings: mappings.all,
        schedules: schedules.all,
      },
      lambdaPort,
    );
    stops.push(() => lambda.stop());
    const gateway = await startGateway({
      port,
      api,
      invoke,
      onError,
      onAnswer: ({ method, target }, { status }) => onLine(`${method} ${target.split('?')[0]} ${status}`),
    });
    stops.push(() => gateway.stop());
    return { url: gateway.url, lambdaUrl: lambda.url, reload, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function show(lines: string | undefined, onLine: (line: string) => void): void {
  for (const line of lines?.split('\n') ?? []) onLine(line);
}

/** One request at a time: its answer has all messages of the queue, so further ones are skipped meanwhile. */
function reportRetries(aws: string, onLine: (line: string) => void) {
  let isAsking = false;
  return async (invocation: Invocation): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      show(await retryNotice(aws, invocation), onLine);
    } catch (error) {
      onLine(`ERROR When messages come again is not known: ${(error as Error).message}`);
    } finally {
      isAsking = false;
    }
  };
}

/** The modules of a template's functions, by their handlers: `src/functions/getPayment`. */
export const modulesOf = ({ Resources }: Template): string[] => [
  ...new Set(
    Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => handlerOf(Properties?.Handler).module),
  ),
];

/** The parts of `src/functions/getPayment.handler`. */
function handlerOf(handler: unknown): { module: string; handler: string } {
  const [, module = '', name = ''] = /^(.+)\.(\w+)$/.exec(String(handler)) ?? [];
  return { module, handler: name };
}

/** Memory with which a function has a whole processor. https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html */
const wholeProcessorMb = 1_769;

/**
 * Whether a function gives way to others: in AWS it would have a processor of its own, here it would take one from what somebody
 * waits for. Functions of the HTTP API never do.
 */
export const runsInBackground = (
  { name, memoryMb }: Pick<PooledFunction, 'name' | 'memoryMb'>,
  { routes }: Pick<HttpApi, 'routes'>,
): boolean => memoryMb >= wholeProcessorMb && !routes.some(({ functionName }) => functionName === name);

/** Lambda's default, for a template without one. */
const defaultMemoryMb = 128;

function functionsOf(
  resources: Record<string, Resource>,
  { issuer, bundles }: ServiceRuntimeOptions,
): PooledFunction[] {
  return lambdaFunctions(resources).map(({ logicalId, name, timeoutMs }) => {
    const { Handler, MemorySize = defaultMemoryMb } = (resources[logicalId] as Resource).Properties;
    const { module, handler } = handlerOf(Handler);
    return {
      name,
      timeoutMs,
      memoryMb: Number(MemorySize),
      module: pathToFileURL(join(bundles, `${module}.mjs`)).href,
      handler,
      environment: {
        ...awsVariables(),
        AWS_LAMBDA_FUNCTION_NAME: name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(MemorySize),
        ...variablesOf(resources[logicalId] as Resource, issuer),
      },
    };
  });
}

/** The environment that CloudFormation would give to a function, but with the local issuer of tokens. */
export function variablesOf({ Properties }: Resource, issuer: string): Record<string, string> {
  const { Variables = {} } = (Properties.Environment ?? {}) as { Variables?: Record<string, string> };
  return { ...Variables, ...('TOKEN_ISSUER' in Variables && { TOKEN_ISSUER: issuer }) };
}

/** The endpoints of the emulators, and credentials for them. */
const awsVariables = (): Record<string, string> =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      name.startsWith('AWS_') && value !== undefined ? [[name, value]] : [],
    ),
  );

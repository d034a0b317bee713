import { clientSettings } from '@fanfold/runtime/aws';
import { describe, expect, test } from 'vitest';
import { allOf, breaking, type Deployed, listed, one, servicesWithApi } from './stacks.ts';

const functions = allOf('AWS::Lambda::Function');
const mappings = allOf('AWS::Lambda::EventSourceMapping');

const nameOf = (arn: string): string => arn.split(':').at(-1) ?? '';
const invokedBy = (type: string, functionArnsOf: (properties: Deployed['Properties']) => string[]) => {
  const names = allOf(type).flatMap(({ Properties }) => functionArnsOf(Properties).map(nameOf));
  return functions.filter(({ Properties }) => names.includes(Properties.FunctionName));
};

const routesKnown = (service: string): string[] =>
  one(service, 'UnknownRouteLambdaFunction').Properties.Environment.Variables.ROUTES.split(',');

describe('a function', () => {
  test("runs on Lambda's newest Node, on ARM", () => {
    const keeps = ({ Properties: { Runtime, Architectures } }: Deployed) =>
      Runtime === 'nodejs24.x' && Architectures?.length === 1 && Architectures[0] === 'arm64';
    expect(breaking(functions, keeps)).toEqual([]);
  });

  test('is not traced unless somebody asks for it, which costs more than all else that it does', () => {
    expect(breaking(functions, ({ Properties }) => Properties.TracingConfig?.Mode !== 'Active')).toEqual([]);
  });

  test('that answers a request ends before the gateway gives up after 29 s', () => {
    const behindApi = invokedBy('AWS::ApiGatewayV2::Integration', ({ IntegrationUri }) => [IntegrationUri]);
    expect(listed(behindApi)).toHaveLength(29);
    expect(breaking(behindApi, ({ Properties }) => Properties.Timeout === 15)).toEqual([]);
  });

  test('that answers what no route fits knows every other route of its API', () => {
    const apis = servicesWithApi.map((service) => [service, '$default', ...routesKnown(service)].sort());
    const deployed = servicesWithApi.map((service) => [
      service,
      ...allOf('AWS::ApiGatewayV2::Route')
        .filter((route) => route.service === service)
        .map(({ Properties }) => Properties.RouteKey),
    ]);
    expect(apis).toEqual(deployed.map((keys) => keys.sort()));
  });

  test('that consumes or publishes has 30 s, and a minute to render', () => {
    const mapped = invokedBy('AWS::Lambda::EventSourceMapping', ({ FunctionName }) => [FunctionName]);
    expect(listed(mapped)).toHaveLength(11);
    const others = mapped.filter(({ logicalId }) => logicalId !== 'PublishLogLambdaFunction');
    const secondsOf = (logicalId: string) => (logicalId === 'RendererLambdaFunction' ? 60 : 30);
    expect(
      breaking(others, ({ logicalId, Properties }) => Properties.Timeout === secondsOf(logicalId)),
    ).toEqual([]);
  });

  test('that a clock runs is found by the name of its rule, which no stack makes up', () => {
    const rules = allOf('AWS::Events::Rule');
    const keeps = ({ service, Properties: { Name, Targets } }: Deployed) =>
      Name === `fanfold-local-${service}-${nameOf(Targets[0].Arn).split('-').at(-1)}`;
    expect(breaking(rules, keeps)).toEqual([]);
  });

  test('that a clock runs has 60 s, half of that to raise the marks, 15 minutes to close a day, and two to publish a part of the log', () => {
    const scheduled = invokedBy('AWS::Events::Rule', ({ Targets }) =>
      Targets.map(({ Arn }: { Arn: string }) => Arn),
    );
    expect(listed(scheduled)).toHaveLength(10);
    const timeoutOf = ({ Properties }: Deployed) => [
      Properties.FunctionName.split('-').at(-1),
      Properties.Timeout,
    ];
    expect(Object.fromEntries(listed(scheduled).map(timeoutOf))).toEqual({
      janitor: 60,
      expiry: 60,
      dayClose: 900,
      publishLog: 120,
      witness: 60,
      askWitnesses: 60,
      checkEvents: 60,
      releaseParked: 60,
      markTable: 30,
    });
  });

  test('has time for all attempts of a call to AWS, and to deal with its failure', () => {
    const { maxAttempts, requestHandler } = clientSettings;
    const callMs = maxAttempts * Math.max(requestHandler.requestTimeout, requestHandler.socketTimeout);
    // A second for the pauses between them, and what a consumer needs to report.
    const neededMs = callMs + 1000 + 1500;
    expect(breaking(functions, ({ Properties }) => Properties.Timeout * 1000 > neededMs)).toEqual([]);
  });

  test('keeps its logs for 30 days', () => {
    const logGroups = allOf('AWS::Logs::LogGroup');
    const names = logGroups.map(({ Properties }) => Properties.LogGroupName);
    const isLogged = ({ Properties }: Deployed) => names.includes(`/aws/lambda/${Properties.FunctionName}`);
    expect(breaking(functions, isLogged)).toEqual([]);
    expect(breaking(logGroups, ({ Properties }) => Properties.RetentionInDays === 30)).toEqual([]);
  });

  test('with reserved concurrency has enough for all that its queues may start', () => {
    const keeps = ({ Properties: { FunctionName, ReservedConcurrentExecutions } }: Deployed) => {
      const started = mappings
        .filter(({ Properties }) => nameOf(Properties.FunctionName) === FunctionName)
        .reduce((sum, { Properties }) => sum + (Properties.ScalingConfig?.MaximumConcurrency ?? 0), 0);
      return ReservedConcurrentExecutions === undefined || ReservedConcurrentExecutions >= started;
    };
    expect(breaking(functions, keeps)).toEqual([]);
  });
});

describe('the clocks', () => {
  test('run when they should', () => {
    const rules = listed(allOf('AWS::Events::Rule')).map(
      ({ Properties: { ScheduleExpression, State, Targets } }) => [
        nameOf(Targets[0].Arn),
        ScheduleExpression,
        State,
      ],
    );
    expect(rules).toEqual([
      ['fanfold-audit-local-publishLog', 'rate(1 minute)', 'ENABLED'],
      ['fanfold-audit-local-witness', 'rate(1 minute)', 'ENABLED'],
      ['fanfold-audit-local-askWitnesses', 'rate(1 minute)', 'ENABLED'],
      ['fanfold-audit-local-checkEvents', 'rate(5 minutes)', 'ENABLED'],
      ['fanfold-billing-local-releaseParked', 'rate(1 minute)', 'ENABLED'],
      ['fanfold-billing-local-markTable', 'rate(1 minute)', 'ENABLED'],
      ['fanfold-payments-local-janitor', 'rate(1 minute)', 'ENABLED'],
      ['fanfold-payments-local-expiry', 'rate(5 minutes)', 'ENABLED'],
      ['fanfold-payments-local-dayClose', 'cron(15/15 0-5 * * ? *)', 'ENABLED'],
      ['fanfold-payments-local-markTable', 'rate(1 minute)', 'ENABLED'],
    ]);
  });
});

describe('an HTTP API', () => {
  test('has exactly these routes', () => {
    const routes = listed(allOf('AWS::ApiGatewayV2::Route')).map(
      ({ service, Properties }) => `${service} ${Properties.RouteKey}`,
    );
    expect(routes.sort()).toEqual([
      'audit $default',
      'audit GET /checkpoint',
      'audit GET /events',
      'audit GET /events/{id}',
      'audit GET /events/{id}/proof',
      'audit GET /openapi.json',
      'audit GET /tile/{path+}',
      'billing $default',
      'billing GET /credit-notes',
      'billing GET /credit-notes/{id}',
      'billing GET /credit-notes/{id}/cii',
      'billing GET /credit-notes/{id}/pdf',
      'billing GET /credit-notes/{id}/ubl',
      'billing GET /invoices',
      'billing GET /invoices/{id}',
      'billing GET /invoices/{id}/cii',
      'billing GET /invoices/{id}/pdf',
      'billing GET /invoices/{id}/ubl',
      'billing GET /openapi.json',
      'billing GET /seller',
      'billing PUT /seller',
      'payments $default',
      'payments GET /openapi.json',
      'payments GET /payments',
      'payments GET /payments/{id}',
      'payments POST /payments',
      'payments POST /payments/{id}/cancel',
      'payments POST /payments/{id}/capture',
      'payments POST /payments/{id}/refunds',
    ]);
  });

  test('leaves the verifying of tokens to the functions, so that it is the same everywhere', () => {
    const keeps = ({ Properties }: Deployed) => (Properties.AuthorizationType ?? 'NONE') === 'NONE';
    expect(breaking(allOf('AWS::ApiGatewayV2::Route'), keeps)).toEqual([]);
  });

  test.each(servicesWithApi)('of %s limits the requests of all its routes', (service) => {
    const { DefaultRouteSettings } = one(service, 'HttpApiStage').Properties;
    expect(DefaultRouteSettings).toEqual({ ThrottlingRateLimit: 200, ThrottlingBurstLimit: 400 });
  });

  test.each(servicesWithApi)('of %s logs each access as JSON, and keeps it for 30 days', (service) => {
    const { AccessLogSettings } = one(service, 'HttpApiStage').Properties;
    const { LogGroupName, RetentionInDays } = one(service, 'HttpApiLogGroup').Properties;
    expect(AccessLogSettings.DestinationArn).toContain(`log-group:${LogGroupName}`);
    expect(JSON.parse(AccessLogSettings.Format)).toMatchObject({ route: '$context.routeKey' });
    expect(RetentionInDays).toBe(30);
  });

  test.each(servicesWithApi)(
    'of %s logs no addresses, no id that means another one elsewhere, and no words that could break a line',
    (service) => {
      const format = JSON.parse(one(service, 'HttpApiStage').Properties.AccessLogSettings.Format);
      expect(format).not.toHaveProperty('requestId');
      expect(Object.values(format).join(' ')).not.toMatch(/identity|path|message|error(?!\.responseType)/i);
    },
  );
});

import { Metrics } from '@aws-lambda-powertools/metrics';
import type { measured } from '../../topology/measured.js';

/** The names of what is measured of services, of the stage, or of currencies. */
type MetricOf<Of extends Measured['of']> = {
  [Name in keyof typeof measured]: (typeof measured)[Name] extends { of: Of } ? Name : never;
}[keyof typeof measured];
type Measured = (typeof measured)[keyof typeof measured];
type UnitOf<Name extends keyof typeof measured> = (typeof measured)[Name]['unit'];

type Measures<Name extends MetricOf<'service' | 'stage'>> = {
  addMetric<Each extends Name>(name: Each, unit: UnitOf<Each>, value: number): unknown;
} & Pick<Metrics, 'hasStoredMetrics' | 'publishStoredMetrics' | 'serializeMetrics' | 'clearMetrics'>;

const namespace = process.env.POWERTOOLS_METRICS_NAMESPACE ?? 'Fanfold';

/** CloudWatch embedded metrics, by service: a log line for each run that measured something, and no API call. */
export const metrics: Measures<MetricOf<'service'>> = new Metrics({ namespace });

/** The same of the stage: `wholeStage` stands as the service. */
export const stageMetrics: Measures<MetricOf<'stage'>> = new Metrics({ namespace, serviceName: 'fanfold' });

/** Measures something of a currency, in a line of its own. */
export function measureIn(currency: string, name: MetricOf<'currency'>, value: number): void {
  const single = new Metrics({ namespace, singleMetric: true });
  single.addDimension('currency', currency);
  single.addMetric(name, 'None', value);
}

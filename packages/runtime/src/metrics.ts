import { Metrics } from '@aws-lambda-powertools/metrics';

/** CloudWatch embedded metrics, by service: a log line for each run that measured something, and no API call. */
export const metrics = new Metrics({ namespace: 'Fanfold' });

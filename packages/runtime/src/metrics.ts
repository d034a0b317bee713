import { Metrics } from '@aws-lambda-powertools/metrics';

/** CloudWatch embedded metrics: a log line each, no call. The namespace comes from POWERTOOLS_METRICS_NAMESPACE. */
export const metrics = new Metrics();

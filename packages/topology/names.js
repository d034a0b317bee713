// Names that fit AWS's limits and belong to one stage in one region: names of buckets are global, names of roles
// unique in an account. A name that would be too long is cut and ends in a hash of the whole.
import { createHash } from 'node:crypto';

/** The longest stage with which the longest names of functions and queues still fit. */
const longestStage = 32;
/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
const longestFunction = 64;
/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html */
const longestQueue = 80;
/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const longestRole = 64;
/**
 * What buckets of a stage and region begin with, after `fanfold-`: so short that fourteen characters are left for the name
 * of a service, with `-stream` and the account behind it. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
 */
const longestBucketStage = 20;

/**
 * What is wrong with the name of a stage, as a sentence; undefined when nothing is.
 *
 * @param {string} stage
 */
export function stageProblem(stage) {
  if (new RegExp(`^[a-z0-9-]{1,${longestStage}}$`).test(stage)) return undefined;
  const found = /^[a-z0-9-]*$/.test(stage) ? `has ${stage.length} characters` : 'has others';
  return (
    `The stage "${stage}" cannot be deployed: its name may have lower-case letters, digits and hyphens, up to ` +
    `${longestStage} of them, and ${found}.`
  );
}

/**
 * What is wrong with the name of a service, as a sentence; undefined when nothing is.
 *
 * @param {string} service
 * @param {string[]} functionKeys of its functions, whose names have the service's and the stage's in them
 */
export function serviceNameProblem(service, functionKeys) {
  const room = Math.min(
    ...functionKeys.map((key) => longestFunction - `fanfold--${key}-`.length - longestStage),
    longestQueue - 'fanfold---subscription-dead-letters'.length - longestStage,
  );
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(service) && service.length <= room) return undefined;
  return (
    `"${service}" is no name of a service: it may have lower-case letters, digits and single hyphens, begins with a letter, ` +
    `and has ${room} characters at most, so that names of functions and queues fit with every stage.`
  );
}

/**
 * What is wrong with the name of a service's function, as a sentence; undefined when nothing is.
 *
 * @param {string} service
 * @param {string} functionKey
 */
export function functionKeyProblem(service, functionKey) {
  const room = longestFunction - `fanfold-${service}--`.length - longestStage;
  if (functionKey.length <= room) return undefined;
  return `"${functionKey}" is too long for a function of ${service}: it has ${room} characters at most, so that its name fits with every stage.`;
}

/**
 * The name of a function's role. services/bus/serverless.yml recognises publishers by it.
 *
 * @param {{ service: string, stage: string, functionKey: string, region: string }} of `service` without `fanfold-`
 */
export const roleName = ({ service, stage, functionKey, region }) =>
  fitted(`fanfold-${stage}-${functionKey}-${service}-${region}`, longestRole);

/**
 * The prefix of the names of a stage's buckets in a region.
 *
 * @param {string} stage
 * @param {string} region
 */
export const bucketPrefix = (stage, region) => `fanfold-${fitted(`${stage}-${region}`, longestBucketStage)}`;

/**
 * The same with the service's name behind it, for its serverless.yml: `${file(../../packages/topology/names.js):bucketsOfService}`.
 *
 * @param {Framework} framework
 */
export async function bucketsOfService(framework) {
  return `${await bucketsOfStage(framework)}-${await serviceName(framework)}`;
}

/**
 * The same with the bus's name behind it, for the services that share its buckets.
 *
 * @param {Framework} framework
 */
export async function bucketsOfBus(framework) {
  return `${await bucketsOfStage(framework)}-bus`;
}

/**
 * The service's name without `fanfold-`, as commands take it.
 *
 * @param {Framework} framework
 */
export async function serviceName({ resolveVariable }) {
  return String(await resolveVariable('self:service')).replace(/^fanfold-/, '');
}

/** @param {Framework} framework */
async function bucketsOfStage({ resolveVariable }) {
  const [stage, region] = await Promise.all(['sls:stage', 'aws:region'].map(resolveVariable));
  return bucketPrefix(String(stage), String(region));
}

/** @typedef {{ resolveVariable(name: string): Promise<string> }} Framework */

/**
 * @param {string} name
 * @param {number} length
 */
function fitted(name, length) {
  if (name.length <= length) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, length - 9).replace(/-$/, '')}-${hash}`;
}

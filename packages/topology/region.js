// The region of a stage: the same for all commands that deploy, inspect or delete it.

/**
 * The region to use. The profile's own does not count: it differs between laptops.
 *
 * @param {string} [given] with `--region`
 */
export const regionOf = (given) => given || process.env.AWS_REGION || 'eu-west-1';

/** For packages/topology/provider.yml. `--region` overrides it. */
export const region = async () => regionOf();

/**
 * What is wrong with the name of a region, as a sentence; undefined when nothing is.
 *
 * @param {string} name
 */
export const regionProblem = (name) =>
  /^[a-z]{2,4}(-[a-z]+)+-\d$/.test(name)
    ? undefined
    : `AWS has no region "${name}": give one such as eu-west-1 with --region or AWS_REGION.`;

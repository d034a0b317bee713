// Where a stage is: the same for the command that deploys it, for those that look after it, and for the one that deletes it.

/**
 * The region that is meant. A profile's own does not count: it differs from one laptop to the next.
 *
 * @param {string} [given] with `--region`
 */
export const regionOf = (given) => given || process.env.AWS_REGION || 'eu-west-1';

/** For packages/topology/provider.yml; `--region` goes before it. */
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

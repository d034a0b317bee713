/**
 * The value of an environment variable that the function needs.
 *
 * @throws Error when it is not set: the template must set it
 */
export function environmentVariable(name: string): string {
  const value = process.env[name];
  if (!value)
    throw new Error(`The environment variable ${name} is not set: give it to the function in serverless.yml`);
  return value;
}

/** The same of one that a stage may leave empty. */
export const optionalEnvironmentVariable = (name: string): string => process.env[name] ?? '';

/** The last resort of a stage that does not say who issues its access tokens. */
export function missing() {
  throw new Error(
    'There is no token issuer for this stage. Give --param tokenIssuer=https://…, set FANFOLD_TOKEN_ISSUER, or add it ' +
      'to the stage in packages/topology/parameters.yml. Its keys are read from <issuer>/.well-known/jwks.json.',
  );
}

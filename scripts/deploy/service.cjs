// @ts-nocheck: compose has no types.
// A service of serverless-compose.yml that is given the options of the command, which compose itself does not hand on.
const ServerlessFramework = require('@osls/compose/components/framework');

module.exports = class Service extends ServerlessFramework {
  exec(command, commandArguments, ...rest) {
    const options = JSON.parse(process.env.FANFOLD_SERVERLESS_OPTIONS ?? '[]');
    return super.exec(command, [...commandArguments, ...options], ...rest);
  }
};

// A service of serverless-compose.yml that is given the options of the command and tells what it goes on with: compose itself
// hands on neither.
const ServerlessFramework = require('@osls/compose/components/framework');

module.exports = class Service extends ServerlessFramework {
  /**
   * @override
   * @type {ServerlessFramework['exec']}
   */
  async exec(command, commandArguments, ...rest) {
    const options = JSON.parse(process.env.FANFOLD_SERVERLESS_OPTIONS ?? '[]');
    const result = await super.exec(command, [...commandArguments, ...options], ...rest);
    // Of what the framework says, compose shows a terminal nothing when all goes well.
    const isInteractive = process.stdin.isTTY && process.stdout.isTTY && !process.env.CI;
    const notices = isInteractive ? result.stderr.match(/^(Goes on with what is left of|There is no stack) .*$/gm) : [];
    for (const notice of notices ?? []) this.context.writeText(notice);
    return result;
  }
};

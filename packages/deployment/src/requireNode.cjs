// What serverless.yml names goes through here: the framework runs on versions of Node that cannot read the plugins.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  const error = new Error(
    `Fanfold runs on Node 24, which it brings along, and this is Node ${process.versions.node}. Start the framework so ` +
      'that it is found: pnpm exec serverless …, or npx serverless …, in the folder of a service.',
  );
  // By this name the framework knows what is written to be read, and shows no stack.
  error.name = 'ServerlessError';
  throw error;
}

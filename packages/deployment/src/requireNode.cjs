// serverless.yml names this file, not the plugins: the framework also runs on versions of Node that cannot load them.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  const error = new Error(
    `Fanfold runs on Node 24, which it brings along, and this is Node ${process.versions.node}. Start the framework so ` +
      'that it is found: pnpm exec serverless …, or npx serverless …, in the folder of a service.',
  );
  // The framework recognises errors for users by this name, and prints no stack.
  error.name = 'ServerlessError';
  throw error;
}

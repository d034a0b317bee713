import { afterAll, vi } from 'vitest';

// Files of unit and local tests share processes, in which packages are loaded once. Our own modules are loaded anew for each, and no file
// finds what another has changed. AWS clients that `mockClient` has taken over stay taken over: who wants one as it is calls
// `mockClient(…).restore()`.
vi.resetModules();
const environment = { ...process.env };
afterAll(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});

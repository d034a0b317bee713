import { serviceNames, templateOf } from './packagedTemplates.ts';

/**
 * Packages all services before the tests that read their templates. One that cannot be packaged fails the tests that need it,
 * with its reason, and no others.
 */
export default async function packageServices(): Promise<void> {
  const [first, ...others] = await serviceNames();
  // On a fresh clone it compiles how the framework checks a configuration, which those beside each other would do once each.
  if (first) await templateOf(first).catch(() => {});
  await Promise.allSettled(others.map((service) => templateOf(service)));
}

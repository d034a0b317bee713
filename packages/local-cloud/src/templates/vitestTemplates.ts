import { serviceNames, templateOf } from './packagedTemplates.ts';

/**
 * Packages all services in parallel before the tests that read their templates. One that cannot be packaged fails the
 * tests that need it, with its reason, and no others.
 */
export default async function packageServices(): Promise<void> {
  await Promise.allSettled((await serviceNames()).map((service) => templateOf(service)));
}

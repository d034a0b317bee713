import { serviceNames, templateOf } from './packagedTemplates.ts';

/**
 * Packages all services beside each other before the tests that read their templates. One that cannot be packaged
 * fails the tests that ask for it, with its reason, and no others.
 */
export default async function packageServices(): Promise<void> {
  await Promise.allSettled((await serviceNames()).map((service) => templateOf(service)));
}

import type { Merchant, Payment } from './merchant.ts';
import type { World } from './world.ts';

/** What is told in each run, while faults strike. It goes on until the shop knows what came of each request. */
export type Story = (world: World, shop: Merchant, other: Merchant, seed: number) => Promise<void>;

/** Runs a clock as EventBridge does: when it fails it is tried twice more. */
export const tick = (world: World, functionName: string): Promise<void> => insist(world, functionName, {}, 3);

/** Runs a function as a person does who is told that it failed: until it is done. */
export async function insist(
  world: World,
  functionName: string,
  event: unknown,
  attempts = 30,
): Promise<void> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    if ((await world.run(functionName, event)).status === 'answered') return;
    world.clock.advance(60_000);
  }
}

/** Until it is known what became of a payment: its request has ended, and the janitor has asked the provider. */
export async function settled(world: World, shop: Merchant, { id }: Payment): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    if ((await shop.show(id)).status !== 'processing') return;
    world.clock.advance(60_000);
    await world.run('payments.janitor');
  }
}

import { describe, expect, it } from 'vitest';
import { typeFilter } from './subscriptions.ts';

describe("a subscription's filter", () => {
  it('lets through the types in its list, and without one every type', () => {
    const filter = typeFilter('billing', '{"type":["payment.captured.v1","payment.refunded.v1"]}');
    expect(['payment.captured.v1', 'payment.failed.v1'].map(filter)).toEqual([true, false]);
    expect(typeFilter('audit')('payment.failed.v1')).toBe(true);
  });

  it.each([
    ['{"type":[{"prefix":"payment."}]}', undefined],
    ['{"type":["payment.captured.v1"],"merchantid":["acme"]}', undefined],
    ['{"merchantid":["acme"]}', undefined],
    ['{"type":["payment.captured.v1"]}', 'MessageBody'],
  ])('of any other kind is not guessed at: %s %s', (policy, scope) => {
    expect(() => typeFilter('billing', policy, scope)).toThrow('Replay to the topic instead');
  });
});

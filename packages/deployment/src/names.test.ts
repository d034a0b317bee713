import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketPrefix, roleName, stageProblem } from '../../topology/names.js';

const stages = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,31}$/);
const regions = fc.constantFrom('eu-west-1', 'ap-southeast-2', 'us-gov-west-1', 'eu-central-1');
const services = fc.constantFrom('payments', 'billing', 'audit', 'loyalty-points');

describe('the name of a stage', () => {
  test.each(['production', 'pr-12', '7', 'a-stage-of-thirty-two-characters'])('may be %s', (stage) => {
    expect(stageProblem(stage)).toBeUndefined();
  });

  test.each([
    [
      'QA',
      'The stage "QA" cannot be deployed: its name may have lower-case letters, digits and hyphens, up to 32 of them, and has others.',
    ],
    ['a_b', 'has others'],
    ['', 'has 0 characters'],
    ['a-stage-of-thirty-three-character', 'has 33 characters'],
  ])('may not be "%s"', (stage, reason) => {
    expect(stageProblem(stage)).toContain(reason);
  });
});

describe('the name of a role', () => {
  test('is readable where it fits', () => {
    expect(
      roleName({ service: 'billing', stage: 'production', functionKey: 'consumer', region: 'eu-west-1' }),
    ).toBe('fanfold-production-consumer-billing-eu-west-1');
  });

  test('fits, tells the function, and is of one stage, service and region alone', () => {
    const roles = fc.record({
      service: services,
      stage: stages,
      functionKey: fc.constantFrom('publisher', 'consumer', 'listCreditNotes'),
      region: regions,
    });
    fc.assert(
      fc.property(roles, roles, (one, other) => {
        expect(roleName(one).length).toBeLessThanOrEqual(64);
        expect(roleName(one).startsWith(`fanfold-${one.stage}-${one.functionKey}-`)).toBe(true);
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(roleName(one)).not.toBe(roleName(other));
      }),
    );
  });
});

describe('the name of a bucket', () => {
  test('is readable where it fits', () => {
    expect(bucketPrefix('production', 'eu-west-1')).toBe('fanfold-production-eu-west-1');
  });

  test('fits with a service and account behind it, and is of one stage and region alone', () => {
    const places = fc.record({ stage: stages, region: regions });
    fc.assert(
      fc.property(places, places, services, (one, other, service) => {
        const prefix = bucketPrefix(one.stage, one.region);
        expect(`${prefix}-${service}-stream-123456789012`).toMatch(/^[a-z0-9-]{3,63}$/);
        fc.pre(one.stage !== other.stage || one.region !== other.region);
        expect(prefix).not.toBe(bucketPrefix(other.stage, other.region));
      }),
    );
  });
});

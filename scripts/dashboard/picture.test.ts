import { readFileSync } from 'node:fs';
import type { Measurement } from '@fanfold/local-cloud/measurements';
import { expect, it } from 'vitest';
import { dashboardOf, partsOfServices } from '../../packages/topology/dashboard.js';
import { type Dashboard, pictureOf } from './picture.ts';

const parts = await partsOfServices();
const of = (services: typeof parts) => dashboardOf('local', services) as Dashboard;
const span = { fromMs: 0, toMs: 30_000, pointMs: 10_000 };
const draw = (dashboard: Dashboard, measurements: Measurement[] = []) =>
  pictureOf(dashboard, { measurements, ...span }, 'caption');

const titlesIn = (svg: string) => [...svg.matchAll(/<g><title>([^<]+)</g)].map(([, title]) => title);
const titlesOf = ({ widgets }: Dashboard) => widgets.map(({ properties }) => properties.title);

const handled = (service: string, atMs: number, value: number): Measurement => ({
  atMs,
  namespace: 'Fanfold/local',
  metric: 'CriticalTime',
  dimensions: { service: `fanfold-${service}` },
  value,
});

it('the picture in the docs has the widgets of the dashboard as it is defined, and lines of what was measured', () => {
  const svg = readFileSync(new URL('../../docs/dashboard.svg', import.meta.url), 'utf8');
  // Otherwise: node scripts/dashboard.ts
  expect(titlesIn(svg)).toEqual(titlesOf(of(parts)));
  for (const { name } of parts) expect(svg).toContain(`>fanfold-local-${name}-unwell<`);
  expect(svg.match(/<polyline /g)?.length).toBeGreaterThan(15);
});

it('each widget is drawn in its place, and says so when only AWS measures it', () => {
  const dashboard = of(parts);
  const svg = draw(dashboard);
  expect(titlesIn(svg)).toEqual(titlesOf(dashboard));
  expect(svg.match(/class="panel"/g)).toHaveLength(dashboard.widgets.length);
  expect(svg.match(/Only AWS measures it/g)).toHaveLength(dashboard.widgets.length - 1);
  expect(svg).not.toMatch(/<polyline|<circle/);
});

it('a service that is added has its line by itself', () => {
  const billing = parts.find(({ name }) => name === 'billing') as (typeof parts)[number];
  const measurements = [handled('billing', 0, 5), handled('loyalty', 0, 5)];
  const before = draw(of(parts), measurements);
  const after = draw(of([...parts, { ...billing, name: 'loyalty' }]), measurements);
  expect(before).not.toContain('loyalty');
  expect(after).toContain('>loyalty</text>');
  expect(after).toContain('>fanfold-local-loyalty-unwell</text>');
  expect(after.match(/<circle /g)?.length).toBe(2 * (before.match(/<circle /g)?.length ?? 0));
});

it('a point is the statistic of what was measured in its time, a time without any is a gap, and an hour is scaled', () => {
  const metric = ['Fanfold/local', 'CriticalTime', 'service', 'fanfold-billing', { label: 'billing' }];
  const graph = (stat: string, period: number) =>
    draw(
      {
        widgets: [
          {
            ...{ x: 0, y: 0, width: 4, height: 6, type: 'metric' },
            properties: { title: 'Graph', stat, period, metrics: [metric] },
          },
        ],
      },
      [handled('billing', 1_000, 20), handled('billing', 2_000, 30), handled('billing', 25_000, 100)],
    );
  const heights = (svg: string) => [...svg.matchAll(/<circle [^>]*cy="([\d.]+)/g)].map(([, y]) => Number(y));
  // What the panel of 4 by 6 has of its title above, and of one line with names below.
  const [top, bottom] = [36, 144];
  // Of 20 and 30, and of 100, where the axis ends.
  const [sum = 0, one = 0] = heights(graph('Sum', 60));
  expect([sum, one]).toEqual([(top + bottom) / 2, top]);
  const [two = 0, single = 0] = heights(graph('SampleCount', 60));
  expect([two, single]).toEqual([top, (top + bottom) / 2]);
  expect(graph('Sum', 60)).toContain('>100</text>');
  expect(graph('Sum', 3600)).toContain('>50 k</text>');
});

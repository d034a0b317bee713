import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asyncApiFile, openApiFile, servicesWithApi } from '../service.ts';
import { fieldList, type Schema } from './fields.ts';
import { paragraphs } from './html.ts';
import { type OpenApi, type ReferencedService, referencePage } from './page.ts';

const json = (file: string) => JSON.parse(readFileSync(file, 'utf8'));
const services: ReferencedService[] = (await servicesWithApi()).map((name, index) => ({
  name,
  url: `http://127.0.0.1:${4001 + index}`,
  openApi: json(openApiFile(name)),
  asyncApi: json(asyncApiFile(name)),
}));
const page = referencePage(services, './fanfold token');
const all = (pattern: RegExp, text = page) => [...text.matchAll(pattern)].map(([, found]) => found);

describe('The reference page of the committed documents', () => {
  it('has a place for every operation, object of an answer and event, and each only once', () => {
    const places = all(/ id="([^"]+)"/g);
    expect(places.length).toBe(new Set(places).size);
    for (const { name, openApi, asyncApi } of services) {
      const operations = Object.values(openApi.paths).flatMap((methods) => Object.values(methods));
      expect(places).toEqual(
        expect.arrayContaining([
          ...operations.map(({ operationId }) => `${name}/${operationId}`),
          ...Object.keys(asyncApi.components.messages).map((type) => `events/${type}`),
          `${name}/Problem`,
        ]),
      );
    }
  });

  it('has no link that leads nowhere', () => {
    const places = new Set(all(/ id="([^"]+)"/g));
    const links = all(/ href="#([^"]+)"/g);
    expect(links.length).toBeGreaterThan(100);
    expect(links.filter((link) => !places.has(link))).toEqual([]);
  });

  it('shows what every field is, its limits and whether it must be there', () => {
    const [, createPayment = ''] = page.split('id="payments/createPayment"');
    const amount = /<code class="name">amount<\/code>.*?<\/li>/s.exec(createPayment)?.[0];
    expect(amount).toContain('integer');
    expect(amount).toContain('required');
    expect(amount).toContain('12100 is 121.00 EUR');
    expect(amount).toContain('1 to 999,999,999,999');
  });

  it('names who publishes and who receives an event, by handler', () => {
    const [, captured = ''] = page.split('id="events/payment.captured.v1"');
    const [article = ''] = captured.split('</article>');
    const [publisher, ...subscribers] = all(/<code>(services\/[^<]+)<\/code>/g, article);
    expect(publisher).toBe('services/payments/src/functions/publisher.handler');
    expect(subscribers).toEqual(
      expect.arrayContaining([
        'services/audit/src/functions/consumer.handler',
        'services/billing/src/functions/consumer.handler',
      ]),
    );
  });

  it('loads nothing that is not the stack’s own', () => {
    expect(
      all(/ (?:src|href)="((?!#|https:\/\/)[^"]*)"/g).filter((link) => !link?.startsWith('/docs/')),
    ).toEqual(['data:,']);
    expect(page).not.toMatch(/<(script|link|img)[^>]*https?:/);
  });
});

it('What a document says is text, and never becomes a part of the page', () => {
  const [service] = services as [ReferencedService];
  const text = '<script>alert(1)</script> `<b>` "\'&';
  const openApi = structuredClone(service.openApi) as OpenApi;
  openApi.info.description = text;
  const described = referencePage([{ ...service, openApi }], text);
  expect(all(/<script>|<b>/g, described)).toEqual([]);
  expect(described).toContain(
    '&lt;script&gt;alert(1)&lt;/script&gt; <code>&lt;b&gt;</code> &quot;&#39;&amp;',
  );
});

it('A keyword that would not be shown is refused', () => {
  const schema = { properties: { amount: { multipleOf: 5 } as Schema } };
  expect(() => fieldList(schema, { resolve: () => ({}) })).toThrow(
    'The reference page does not show the keyword multipleOf: teach it to in reference/fields.ts.',
  );
});

it('A URL in a description is a link without the full stop behind it', () => {
  expect(paragraphs('See https://c2sp.org/tlog-tiles.')).toMatchObject([
    {
      text: '<p>See <a href="https://c2sp.org/tlog-tiles" rel="noreferrer">https://c2sp.org/tlog-tiles</a>.</p>',
    },
  ]);
});

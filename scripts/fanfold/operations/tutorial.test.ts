import { describe, expect, it } from 'vitest';
import { findPage, pageOf, tutorialPages } from './tutorial.ts';

const markdown = `# A page

Text.

\`\`\`sh
one
two
\`\`\`

\`\`\`text
printed
\`\`\`

More.

\`\`\`sh
three
\`\`\`

**The end**
`;

describe('a page of the tutorial', () => {
  it('is text and commands with what they print, in their order', () => {
    expect(pageOf('01-a-page', markdown)).toEqual({
      name: '01-a-page',
      title: 'A page',
      parts: [
        { text: 'Text.' },
        { command: 'one\ntwo', output: 'printed' },
        { text: 'More.' },
        { command: 'three', output: '' },
        { text: '**The end**' },
      ],
    });
  });

  it('is found by its number and by its name, and is asked for by another one in vain', async () => {
    const pages = await tutorialPages();
    expect(findPage(pages, '5')).toBe(findPage(pages, 'fan-out'));
    expect(findPage(pages, '05-fan-out').title).toBe('Fan-out');
    for (const wanted of ['0', '20', '-1', 'fan', '../05-fan-out'])
      expect(() => findPage(pages, wanted), wanted).toThrow(`There is no page ${wanted}.`);
  });

  it('is at most two screens, says where its code is, and has something to break', async () => {
    for (const { name, parts } of await tutorialPages()) {
      const text = parts.map((part) => ('text' in part ? part.text : part.command)).join('\n');
      expect(text.split('\n').length, name).toBeLessThanOrEqual(60);
      expect(text, name).toContain('**The code:**');
      expect(text, name).toContain('**Break it:**');
      expect(
        parts.some((part) => 'command' in part),
        name,
      ).toBe(true);
    }
  });
});

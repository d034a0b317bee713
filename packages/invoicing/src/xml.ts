import type { Element } from 'xast';
import { toXml } from 'xast-util-to-xml';
import { x } from 'xastscript';

/** An element of text or of elements; those that are null are left out. */
export const element = (
  name: string,
  content: string | (Element | null)[],
  attributes: Record<string, string | null> = {},
): Element => x(name, attributes, ...(typeof content === 'string' ? [content] : content));

/** The element, or nothing when there is nothing to say. */
export const optional = (
  name: string,
  content: string | null | undefined,
  attributes: Record<string, string | null> = {},
): Element | null => (content == null ? null : element(name, content, attributes));

/**
 * The same elements give the same bytes.
 *
 * The library leaves `]]>` in a text as it is, which makes a document that no parser reads
 * (https://www.w3.org/TR/xml/#syntax). No element here has a CDATA section, whose end it could be.
 */
export const xmlOf = (root: Element): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${toXml(root, { closeEmptyElements: true }).replaceAll(']]>', ']]&#x3E;')}\n`;

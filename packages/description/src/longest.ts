/**
 * The length of the longest text that a pattern matches; undefined when it has no end, or is written with more than
 * characters, classes, groups, alternatives and quantifiers.
 */
export function longestMatch(pattern: string): number | undefined {
  if (!pattern.startsWith('^') || !pattern.endsWith('$')) return undefined;
  const tokens = pattern.slice(1, -1).match(token) ?? [];
  if (tokens.join('') !== pattern.slice(1, -1)) return undefined;
  let next = 0;

  /** Up to the end of the group. */
  function alternatives(): number {
    let longest = 0;
    let length = 0;
    for (; next < tokens.length && tokens[next] !== ')'; ) {
      if (tokens[next] === '|') {
        longest = Math.max(longest, length);
        length = 0;
        next += 1;
      } else length += repeated(atom());
    }
    return Math.max(longest, length);
  }

  function atom(): number {
    const found = tokens[next] as string;
    next += 1;
    if (!found.startsWith('(')) return 1;
    const inner = alternatives();
    next += 1;
    return found.startsWith('(?!') || found.startsWith('(?=') ? 0 : inner;
  }

  function repeated(length: number): number {
    const found = tokens[next] ?? '';
    if (found === '?') next += 1;
    if (found === '*' || found === '+') {
      next += 1;
      return length === 0 ? 0 : Infinity;
    }
    const [, least, most] = /^\{(\d+)(?:,(\d*))?\}$/.exec(found) ?? [];
    if (least === undefined) return length;
    next += 1;
    const times = found.includes(',') ? (most ? Number(most) : Infinity) : Number(least);
    return length === 0 ? 0 : length * times;
  }

  const longest = alternatives();
  return next === tokens.length && Number.isFinite(longest) ? longest : undefined;
}

const token =
  /\(\?[:!=]|\((?!\?)|\\u[0-9a-f]{4}|\\x[0-9a-f]{2}|\\.|\[(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[)|?*+]|[^\\[\]{}()|?*+^$]/gi;

/** Where what was created differs from what its template says. `actual` is undefined where there is nothing. */
export type Difference = { path: string; expected: unknown; actual: unknown };

/**
 * Compares what a template says of a resource with what an API says of it. What the API says beside is its own business;
 * lists have no order; a number or truth value is the same as its text, and one value as the list of it.
 */
export function differencesOf(expected: unknown, actual: unknown, path = ''): Difference[] {
  const wanted = read(expected);
  const found = read(actual);
  if (Array.isArray(wanted)) return differencesOfLists(wanted, listOf(found), { path, expected, actual });
  if (Array.isArray(found) && !isObject(wanted)) {
    return found.length === 1 ? differencesOf(wanted, found[0], path) : [{ path, expected, actual }];
  }
  if (isObject(wanted)) {
    if (!isObject(found)) return [{ path, expected, actual }];
    return Object.entries(wanted).flatMap(([key, value]) =>
      differencesOf(value, found[key], path === '' ? key : `${path}.${key}`),
    );
  }
  return found !== undefined && String(wanted) === String(found) ? [] : [{ path, expected, actual }];
}

/** Each entry must be found once. Of a list that fits but for something, only that is told. */
function differencesOfLists(wanted: unknown[], found: unknown[], whole: Difference): Difference[] {
  const left = [...found];
  const missing = wanted.filter((entry) => {
    const at = left.findIndex((candidate) => differencesOf(entry, candidate).length === 0);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
  if (missing.length === 0 && left.length === 0) return [];
  if (missing.length === 1 && left.length === 1 && isObject(read(missing[0]))) {
    return differencesOf(missing[0], left[0], `${whole.path}[]`);
  }
  return [whole];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const listOf = (value: unknown): unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/** APIs give policies as text. */
function read(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

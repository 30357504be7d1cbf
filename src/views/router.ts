import { decodePart } from './path-part.ts';

/** A path below `/api`, with `*` for any name, and the function that makes its view from those names and the query. */
export type Route = readonly [
  path: string,
  view: (names: readonly [string, string], query: URLSearchParams) => object | undefined,
];

/**
 * @param path `/api/…`, with encoded names (`path-part.ts`): one character for each byte of the name
 * @returns undefined if there is no such view or object
 * @throws URIError if a name is not encoded correctly
 */
export function route(routes: readonly Route[], path: string, query: URLSearchParams): object | undefined {
  const [empty, api, ...parts] = path.split('/');
  if (empty !== '' || api !== 'api') return undefined;
  for (const [pattern, view] of routes) {
    const names = namesIn(pattern.split('/'), parts);
    if (names !== undefined) return view(names, query);
  }
  return undefined;
}

function namesIn(pattern: readonly string[], parts: readonly string[]): [string, string] | undefined {
  if (pattern.length !== parts.length) return undefined;
  const names: string[] = [];
  for (const [i, wanted] of pattern.entries()) {
    const part = parts[i] ?? '';
    if (wanted !== '*' && wanted !== part) return undefined;
    if (wanted === '*') names.push(decodePart(part));
  }
  return [names[0] ?? '', names[1] ?? ''];
}

import { decodePart } from './path-part.ts';
import type { ViewRoute } from './view-routes.ts';

/** Makes each view from the names in its path, and its query; undefined if there is no such object. */
export type ViewMakers<Name extends string> = Readonly<
  Record<Name, (names: readonly [string, string], query: URLSearchParams) => object | undefined>
>;

/**
 * @param path `/api/…`, with encoded names (`path-part.ts`): one character for each byte of the name
 * @returns undefined if there is no such view or object
 * @throws URIError if a name is not encoded correctly
 */
export function route<Name extends string>(
  routes: readonly ViewRoute<Name>[],
  makers: ViewMakers<Name>,
  path: string,
  query: URLSearchParams,
): object | undefined {
  const [empty, api, ...parts] = path.split('/');
  if (empty !== '' || api !== 'api') return undefined;
  for (const { name, path: pattern } of routes) {
    const names = namesIn(pattern.split('/'), parts);
    if (names !== undefined) return makers[name](names, query);
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

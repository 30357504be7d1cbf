/** The paths of pages and of the views behind them. A path contains all bytes of a name. */
import { encodePart as part } from '../../views/path-part.ts';
import { BASE } from './base.ts';
import type { Named } from '../../views/named.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

/** Omits parameters that are undefined or ''. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = given
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value ?? '')}`)
    .join('&');
  return text === '' ? path : `${path}?${text}`;
}

const workspace = ({ name }: Pick<Named, 'name'>): string => `${BASE}/workspaces/${part(name)}`;

/** The paths of pages. */
export const page = {
  overview: `${BASE}/`,
  workspaces: `${BASE}/workspaces`,
  clients: `${BASE}/clients`,
  replay: `${BASE}/replay`,
  book: `${BASE}/charts`,
  sleighs: `${BASE}/sleighs`,
  workspace,
  variable: (of: Pick<Named, 'name'>, variable: Pick<Named, 'name'>): string =>
    `${workspace(of)}/variables/${part(variable.name)}`,
  client: (id: number): string => `${BASE}/clients/${id}`,
  sleigh: ({ name }: Pick<Named, 'name'>): string => `${BASE}/sleighs/${part(name)}`,
  worker: ({ name }: Pick<Named, 'name'>, rank: number): string =>
    `${BASE}/sleighs/${part(name)}/workers/${rank}`,
  charts: ({ name }: Pick<Named, 'name'>, query: Query = {}): string =>
    withQuery(`${BASE}/sleighs/${part(name)}/charts`, query),
  ended: `${BASE}/ended`,
  endedJob: (id: string): string => `${BASE}/ended/${part(id)}`,
  chart: (chart: string): string => `${BASE}/charts/${part(chart)}`,
};

/** The bytes of a value of a variable, from 0. */
export const bytesAt = (variable: Named & { readonly workspace: Named }, index: number): string =>
  `${BASE}/values/${part(variable.workspace.name)}/${part(variable.name)}/${index}`;

/** The paths of views. */
export const api = (path: string, query: Query = {}): string => withQuery(`${BASE}/api${path}`, query);
/** The path of the view behind a page, or below it. */
export const apiOf = (pagePath: string, query: Query = {}): string => api(pagePath.slice(BASE.length), query);
export const actorPath = (base: string, actor: string): string => `${base}/actors/${part(actor)}`;

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

/** The paths of the pages below a folder. */
const pagesIn = (base: string) => {
  const workspace = ({ name }: Pick<Named, 'name'>): string => `${base}/workspaces/${part(name)}`;
  return {
    overview: `${base}/`,
    workspaces: `${base}/workspaces`,
    clients: `${base}/clients`,
    replay: `${base}/replay`,
    book: `${base}/charts`,
    sleighs: `${base}/sleighs`,
    workspace,
    variable: (of: Pick<Named, 'name'>, variable: Pick<Named, 'name'>): string =>
      `${workspace(of)}/variables/${part(variable.name)}`,
    client: (id: number): string => `${base}/clients/${id}`,
    sleigh: ({ name }: Pick<Named, 'name'>): string => `${base}/sleighs/${part(name)}`,
    worker: ({ name }: Pick<Named, 'name'>, rank: number): string =>
      `${base}/sleighs/${part(name)}/workers/${rank}`,
    charts: ({ name }: Pick<Named, 'name'>, query: Query = {}): string =>
      withQuery(`${base}/sleighs/${part(name)}/charts`, query),
    ended: `${base}/ended`,
    endedJob: (id: string): string => `${base}/ended/${part(id)}`,
    chart: (chart: string): string => `${base}/charts/${part(chart)}`,
  };
};

/** The paths of pages. */
export const page = pagesIn(BASE);

/** The paths of the pages of a partition, from the page of the whole. */
export const pageOfPartition = (partition: number) => pagesIn(`${BASE}/p/${partition}`);

/** The paths of the pages of something that may be in a partition. */
export const pagesOf = ({ partition }: { readonly partition?: number }) =>
  partition === undefined ? page : pageOfPartition(partition);

/** The page of the whole, from the page of a partition. */
export const WHOLE = `${BASE.replace(/\/p\/\d+$/, '')}/`;

/** Whether the path of a page is that of a partition, from the page of the whole. Another server may have it. */
export const isOfPartition = (path: string): boolean =>
  path.startsWith(`${BASE}/p/`) && /^\d+(?:\/|$)/.test(path.slice(`${BASE}/p/`.length));

/** The bytes of a value of a variable, from 0. */
export const bytesAt = (variable: Named & { readonly workspace: Named }, index: number): string =>
  `${BASE}/values/${part(variable.workspace.name)}/${part(variable.name)}/${index}`;

/** The paths of views. */
export const api = (path: string, query: Query = {}): string => withQuery(`${BASE}/api${path}`, query);
/** The path of the view behind a page, or below it. */
export const apiOf = (pagePath: string, query: Query = {}): string => api(pagePath.slice(BASE.length), query);
export const actorPath = (base: string, actor: string): string => `${base}/actors/${part(actor)}`;

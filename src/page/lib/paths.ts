/** Where things are: pages for people, and the views behind them. A name goes into a path with all its bytes. */
import { encodePart as part } from '../../views/path-part.ts';
import type { Named } from '../../views/types.ts';

export type Query = Readonly<Record<string, string | number | undefined>>;

/** What is undefined or '' is left out. */
export function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  const text = given
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value ?? '')}`)
    .join('&');
  return text === '' ? path : `${path}?${text}`;
}

const workspace = ({ name }: Pick<Named, 'name'>): string => `/workspaces/${part(name)}`;

/** Of pages. */
export const page = {
  overview: '/',
  workspaces: '/workspaces',
  clients: '/clients',
  replay: '/replay',
  book: '/charts',
  workspace,
  variable: (of: Pick<Named, 'name'>, variable: Pick<Named, 'name'>): string =>
    `${workspace(of)}/variables/${part(variable.name)}`,
  client: (id: number): string => `/clients/${id}`,
  sleigh: ({ name }: Pick<Named, 'name'>): string => `/sleighs/${part(name)}`,
  charts: ({ name }: Pick<Named, 'name'>, query: Query = {}): string =>
    withQuery(`/sleighs/${part(name)}/charts`, query),
  chart: (chart: string): string => `/charts/${part(chart)}`,
};

/** Of views. */
export const api = (path: string, query: Query = {}): string => withQuery(`/api${path}`, query);
export const actorPath = (base: string, actor: string): string => `${base}/actors/${part(actor)}`;

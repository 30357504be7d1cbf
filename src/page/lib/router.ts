/** The router, based on the History API. */
import { useEffect, useState } from 'preact/hooks';
import { BASE } from './base.ts';
import { decodePart } from '../../views/path-part.ts';
import { isOfPartition } from './paths.ts';

export interface Place {
  /** The decoded parts of the path. */
  readonly parts: readonly string[];
  readonly path: string;
  readonly query: URLSearchParams;
}

const listeners = new Set<() => void>();
let isFocusDue = false;

/** Moves the focus to the heading of a new page, so that screen readers announce it. */
export function focusHeading(heading: HTMLElement | null): void {
  if (!isFocusDue || heading === null) return;
  isFocusDue = false;
  heading.focus({ preventScroll: true });
}

function here(): Place {
  const { pathname, search } = location;
  // A name may be empty: `/workspaces/` is a workspace, `/` has no name.
  const own = pathname.slice(BASE.length);
  const parts = own === '/' || own === '' ? [] : own.split('/').slice(1).map(decoded);
  return { parts, path: pathname, query: new URLSearchParams(search) };
}

function decoded(part: string): string {
  try {
    return decodePart(part);
  } catch {
    return part;
  }
}

export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  const isElsewhere = new URL(href, location.href).pathname !== location.pathname;
  history[how === 'push' ? 'pushState' : 'replaceState'](undefined, '', href);
  for (const listener of listeners) listener();
  if (!isElsewhere) return;
  scrollTo(0, 0);
  isFocusDue = true;
}

/** Changes parameters of the query without leaving the page. */
export function goQuery(
  changes: Readonly<Record<string, string | number | undefined>>,
  how?: 'push' | 'replace',
): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, String(value));
  }
  const text = query.toString();
  go(text === '' ? location.pathname : `${location.pathname}?${text}`, how);
}

export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const update = (): void => setPlace(here());
    listeners.add(update);
    addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      removeEventListener('popstate', update);
    };
  }, []);
  return place;
}

/** Links are plain links. Those to other pages of this site do not reload. */
export function followLinks(): void {
  document.addEventListener('click', (event) => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest('a') : null;
    if (link === null || link.origin !== location.origin || link.target !== '') return;
    if (!link.pathname.startsWith(`${BASE}/`) || isOfPartition(link.pathname)) return;
    if (link.hasAttribute('download') || (link.hash !== '' && link.pathname === location.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
}

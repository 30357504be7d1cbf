/** Searching and sorting a list. The address has both. */
import type { ComponentChildren } from 'preact';
import { goQuery, usePlace } from '../lib/router.ts';

/** The parameters of the address that say what of a list is shown. */
export interface ListParameters {
  readonly search: string | undefined;
  readonly sort: string | undefined;
}

export const listParameters = (query: URLSearchParams): ListParameters => ({
  search: query.get('search') ?? undefined,
  sort: query.get('sort') ?? undefined,
});

/** @param what the plural of what is listed */
export function Search({ what, parameter = 'search' }: { what: string; parameter?: string }) {
  const { query } = usePlace();
  return (
    <label class="search">
      <span class="hidden">Search {what}</span>
      <input
        type="search"
        placeholder={`Search ${what}`}
        value={query.get(parameter) ?? ''}
        onInput={({ currentTarget }) =>
          goQuery({ [parameter]: currentTarget.value, from: undefined }, 'replace')
        }
      />
    </label>
  );
}

/** The head of a column by which the list can be sorted. */
export function SortHead(props: { by: string; number?: boolean; children: ComponentChildren }) {
  const { by, number, children } = props;
  const sort = usePlace().query.get('sort') ?? '';
  const isThis = sort.replace(/^-/, '') === by;
  const isDescending = isThis && sort.startsWith('-');
  // Numbers begin with the largest.
  const [first, second] = number === true ? [`-${by}`, by] : [by, `-${by}`];
  const next = sort === first ? second : sort === second ? undefined : first;
  return (
    <th
      scope="col"
      class={number === true ? 'number' : undefined}
      aria-sort={isThis ? (isDescending ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" class="sort" onClick={() => goQuery({ sort: next, from: undefined }, 'replace')}>
        {children}
        <span class="sort-mark" aria-hidden="true">
          {isThis ? (isDescending ? '▾' : '▴') : ''}
        </span>
      </button>
    </th>
  );
}

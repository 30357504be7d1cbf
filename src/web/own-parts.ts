import { BOUNDS } from '../wire/bounds.ts';
import { VERSION } from '../version.ts';
import { listQuery } from '../views/paging.ts';
import { mergedWorkspaces, ownView } from '../views/whole.ts';
import type { OwnView, OwnWorkspacesView } from '../views/whole-types.ts';
import type { Views } from '../views/views.ts';

/** What a server says of its own partitions, to its page and to the other servers. */
export class OwnParts {
  readonly #views = new Map<number, Views>();
  readonly #defaultAt: number;

  /** @param defaultAt the partition of the workspace `__default`, which every core has */
  constructor(defaultAt: number) {
    this.#defaultAt = defaultAt;
  }

  set(partition: number, views: Views): void {
    this.#views.set(partition, views);
  }

  delete(partition: number): void {
    this.#views.delete(partition);
  }

  overview(): OwnView {
    return ownView(
      VERSION,
      Array.from(this.#views, ([partition, views]) => views.own(partition, partition === this.#defaultAt)),
    );
  }

  /** @param query of a part that begins with the first one */
  workspaces(query: URLSearchParams): OwnWorkspacesView {
    const wanted = { ...listQuery(query), from: 0 };
    const parts = Array.from(this.#views, ([partition, views]) => {
      const { total, from, items } = views.workspaces(wanted, partition === this.#defaultAt);
      return { total, from, items: Array.from(items, (item) => ({ ...item, partition })) };
    });
    return { version: VERSION, ...mergedWorkspaces(parts, wanted) };
  }

  /**
   * Answers another server.
   * @param question a path with a query: `/overview` or `/workspaces?search=…`
   * @returns undefined if there is no such question
   */
  answer(question: string): OwnView | OwnWorkspacesView | undefined {
    const { pathname, searchParams } = new URL(question, 'http://server');
    if (pathname === QUESTION.overview) return this.overview();
    if (pathname === QUESTION.workspaces) return this.workspaces(searchParams);
    return undefined;
  }
}

/** What servers ask each other. */
export const QUESTION = { overview: '/overview', workspaces: '/workspaces' } as const;

/** Characters of a search beyond which the rest does not matter. */
const LONGEST_SEARCH = 200;

/** @returns the question for the first workspaces of each server, of which a part of the list of all can be made */
export function workspacesQuestion(query: URLSearchParams): string {
  const { search, sort, from, count } = listQuery(query);
  const parameters = new URLSearchParams({
    search: search.slice(0, LONGEST_SEARCH),
    sort: sort === '' ? 'name' : sort.slice(0, LONGEST_SEARCH),
    count: String(Math.min(from + count, BOUNDS.pageRows.value)),
  });
  return `${QUESTION.workspaces}?${parameters.toString()}`;
}

import { VERSION } from '../version.ts';
import { chartsView } from '../views/charts.ts';
import type { Whole } from '../core/whole.ts';
import { listQuery } from '../views/paging.ts';
import { route, type ViewMakers } from '../views/router.ts';
import type { ChartsView } from '../views/types.ts';
import { WHOLE_VIEWS, type WholesView } from '../views/view-routes.ts';
import { takeoversView, wholeView, wholeWorkspaces } from '../views/whole.ts';
import type { OwnView, OwnWorkspacesView } from '../views/whole-types.ts';
import { Gathering } from './gathering.ts';
import { QUESTION, workspacesQuestion, type OwnParts } from './own-parts.ts';
import type { Site, ViewAddress, ViewSource } from './site.ts';

/** Questions with a search of its own each, of which this many are kept. */
const MAX_QUESTIONS = 50;

/** The views of the whole, at the root of each server. They show what the owners of the partitions answer. */
export class WholeSite implements Site {
  readonly views: ViewSource;
  readonly #whole: Whole;
  readonly #own: OwnParts;
  readonly #now: () => number;
  readonly #charts: ChartsView;
  readonly #overview: Gathering<OwnView>;
  /** By question. */
  readonly #workspaces = new Map<string, Gathering<OwnWorkspacesView>>();
  #changes = 0;

  /** @param now milliseconds since 1970, on a clock that only goes forward */
  constructor(whole: Whole, own: OwnParts, { drawing, now }: WholeSiteOptions) {
    this.#whole = whole;
    this.#own = own;
    this.#now = now;
    this.#charts = chartsView({ drawing });
    this.#overview = new Gathering(
      (server, signal) => this.#ask(server, QUESTION.overview, () => own.overview(), signal),
      now,
    );
    this.views = {
      get: (path, query) => route(WHOLE_VIEWS, this.#makers, path, query),
      sample: () => undefined,
    };
  }

  readonly isReady = (): boolean => true;

  /** Each change of a part of the whole is seen within a second. */
  readonly changes = (): number => {
    void this.#refresh(this.#overview);
    for (const [question, gathering] of this.#workspaces)
      if (gathering.isRead) void this.#refresh(gathering);
      else this.#workspaces.delete(question);
    return this.#changes;
  };

  readonly prepare = async (views: readonly ViewAddress[]): Promise<void> => {
    const needed = views.map(({ path, query }) =>
      path === '/api/workspaces' ? this.#workspacesFor(query) : this.#overview,
    );
    await Promise.all(needed.map((gathering) => this.#refresh(gathering)));
  };

  readonly #makers: ViewMakers<WholesView> = {
    overview: () => {
      const { name, host, port, stored } = this.#whole;
      const about = { name, version: VERSION, host, port, now: this.#now() };
      return wholeView(about, stored, this.#overview.answers);
    },
    workspaces: (_names, query) =>
      wholeWorkspaces(VERSION, this.#workspacesFor(query).answers, listQuery(query)),
    takeovers: () => takeoversView(this.#whole.stored),
    charts: () => this.#charts,
  };

  #workspacesFor(query: URLSearchParams): Gathering<OwnWorkspacesView> {
    const question = workspacesQuestion(query);
    const known = this.#workspaces.get(question);
    if (known !== undefined) return known;
    const { searchParams } = new URL(question, 'http://server');
    const made = new Gathering<OwnWorkspacesView>(
      (server, signal) => this.#ask(server, question, () => this.#own.workspaces(searchParams), signal),
      this.#now,
    );
    const [oldest] = this.#workspaces.keys();
    if (this.#workspaces.size >= MAX_QUESTIONS && oldest !== undefined) this.#workspaces.delete(oldest);
    this.#workspaces.set(question, made);
    return made;
  }

  async #refresh(gathering: Gathering<OwnView> | Gathering<OwnWorkspacesView>): Promise<void> {
    if (gathering.isFresh) return gathering.refresh(() => Promise.resolve([]));
    await gathering.refresh(() => this.#owners());
    this.#changes++;
  }

  /** The servers that own a partition, as the store says now, and this one. */
  async #owners(): Promise<readonly string[]> {
    await this.#whole.read();
    const { name, stored } = this.#whole;
    return [name, ...stored.partitions.flatMap(({ owner }) => owner ?? [])];
  }

  async #ask<T>(server: string, question: string, own: () => T, signal: AbortSignal): Promise<T> {
    if (server === this.#whole.name) return own();
    // A server of another version is recognized by its version, and the rest is not read.
    const answer: T = JSON.parse(await this.#whole.ask(server, question, signal));
    return answer;
  }
}

interface WholeSiteOptions {
  readonly drawing: (chart: string) => string;
  readonly now: () => number;
}

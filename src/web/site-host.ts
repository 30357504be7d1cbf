import { BOUNDS } from '../wire/bounds.ts';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decodePart } from '../views/path-part.ts';
import { answer, answerJson, Problem } from './answers.ts';
import { Feeds, type FeedEvents } from './feeds.ts';
import { PROBLEM } from './problems.ts';
import type { Site, ViewAddress } from './site.ts';

/** A request that reads. */
export interface Call {
  readonly pathname: string;
  readonly search: string;
  readonly searchParams: URLSearchParams;
  /** The first part of the path. */
  readonly first: string;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Another server, which has what this one does not show. */
export interface Elsewhere {
  readonly name?: string | undefined;
  /** The address of its page, if it has one. */
  readonly web?: string | undefined;
}

/** The part of a web server that shows one site. Until there is one, or while another server has it, requests are refused. */
export class SiteHost {
  readonly #events: FeedEvents;
  #site: Site | undefined;
  #feeds: Feeds | undefined;
  #elsewhere: Elsewhere | undefined;

  constructor(events: FeedEvents) {
    this.#events = events;
  }

  get site(): Site | undefined {
    return this.#site;
  }

  /** The number of open streams, and of the different views that they show. */
  get counts(): { readonly viewers: number; readonly views: number } {
    return { viewers: this.#feeds?.viewers ?? 0, views: this.#feeds?.views ?? 0 };
  }

  /** Whether clients are served, here or by another server. */
  get isReady(): boolean {
    return this.#site?.isReady() === true || this.#elsewhere !== undefined;
  }

  /** The page of the server that has what this one does not show. @throws Problem if that server has none */
  get elsewhere(): string | undefined {
    if (this.#elsewhere === undefined) return undefined;
    const { name, web } = this.#elsewhere;
    if (web === undefined) throw new Problem(PROBLEM.ownerWithoutPage(name ?? ''));
    return web;
  }

  /** Shows this site from now on. */
  show(site: Site): void {
    this.close();
    this.#elsewhere = undefined;
    this.#site = site;
    this.#feeds = new Feeds(site, BOUNDS.viewers.value, this.#events);
  }

  /**
   * Shows no site any more.
   * @param owner another server, which serves the clients, and to whose page requests are sent if it has one
   */
  redirect(owner: Elsewhere | undefined): void {
    this.close();
    this.#site = undefined;
    this.#feeds = undefined;
    this.#elsewhere = owner;
  }

  /** Ends all streams. */
  close(): void {
    this.#feeds?.close();
  }

  answerView({ pathname: path, searchParams: query, request, response }: Call): void {
    const { method, headers } = request;
    // The browser may have disconnected while the request waited for its turn.
    if (response.destroyed) return;
    const { site, feeds } = this.#shown();
    if (method === 'GET' && headers.accept?.includes('text/event-stream') === true)
      return feeds.open({ path, query }, response);
    const view = site.views.get(path, query);
    if (view === undefined) throw new Problem(PROBLEM.noView());
    return answerJson(response, 200, view);
  }

  answerStream(call: Call): void {
    const { method = '' } = call.request;
    if (call.response.destroyed) return;
    if (method !== 'GET') throw new Problem(PROBLEM.wrongMethod(method), { Allow: 'GET' });
    this.#shown().feeds.openTogether(viewsOf(call), call.response);
  }

  answerBytes({ pathname, response }: Call): void {
    if (response.destroyed) return;
    const { site } = this.#shown();
    const [workspace = '', variable = '', index = '', ...more] = pathname.split('/').slice(2).map(decodePart);
    const isIndex = /^\d{1,15}$/.test(index) && more.length === 0;
    const bytes = isIndex ? site.bytesOf?.(workspace, variable, Number(index)) : undefined;
    if (bytes === undefined) throw new Problem(PROBLEM.noBytes());
    const most = BOUNDS.fetchedBytes.value;
    if (bytes.size > most) throw new Problem(PROBLEM.tooManyBytes(bytes.size, most));
    const read = bytes.read();
    const body = typeof read === 'string' ? Buffer.from(read, 'latin1') : read;
    answer(response, 200, 'application/octet-stream', body, { 'Content-Disposition': 'attachment' });
  }

  #shown(): { readonly site: Site; readonly feeds: Feeds } {
    if (this.#site === undefined || this.#feeds === undefined) throw new Problem(PROBLEM.starting());
    return { site: this.#site, feeds: this.#feeds };
  }
}

/** The views that a request for a stream names. */
export const viewsOf = ({ searchParams }: Pick<Call, 'searchParams'>): ViewAddress[] =>
  searchParams.getAll('view').map((view) => {
    const { pathname: path, searchParams: query } = new URL(`http://page/api${view}`);
    return { path, query };
  });

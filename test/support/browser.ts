import { once } from 'node:events';
import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import chromium from '@sparticuz/chromium';
import { chromium as browsers, type Browser } from 'playwright-core';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

interface Asking {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

async function send(url: string, path: string, asking: Asking): Promise<IncomingMessage> {
  const { hostname, port } = new URL(url);
  const sent = request({
    hostname,
    port,
    // Sent unchanged: `..` is not resolved.
    path,
    method: asking.method ?? 'GET',
    headers: asking.headers ?? {},
    agent: false,
  });
  sent.end(asking.body);
  const [response]: IncomingMessage[] = await once(sent, 'response');
  if (response === undefined) throw new Error('no response');
  return response;
}

/** Requests a path from a web server, unchanged. */
export async function ask(url: string, path: string, asking: Asking = {}): Promise<Answer> {
  const response = await send(url, path, asking);
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(Buffer.from(piece));
  const body = Buffer.concat(pieces);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body,
    text: body.toString(),
  };
}

/** @returns the view of a path */
export async function view(url: string, path: string): Promise<Record<string, unknown>> {
  return JSON.parse((await ask(url, path)).text);
}

interface StreamEvent {
  readonly event: string;
  readonly data: string;
  /** Its arrival, by performance.now(). */
  readonly at: number;
}

/** A stream of views, which is read unless it is paused. */
export class ViewStream implements Disposable {
  readonly events: StreamEvent[] = [];
  comments = 0;
  bytes = 0;
  hasEnded = false;
  readonly #response: IncomingMessage;
  #rest = '';

  static async open(url: string, path: string): Promise<ViewStream> {
    const response = await send(url, path, { headers: { Accept: 'text/event-stream' } });
    if (response.statusCode !== 200) throw new Error(`status ${response.statusCode}`);
    return new ViewStream(response);
  }

  private constructor(response: IncomingMessage) {
    this.#response = response;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#take(text));
    response.on('error', () => undefined);
    response.on('close', () => (this.hasEnded = true));
  }

  get headers(): IncomingHttpHeaders {
    return this.#response.headers;
  }
  get latest(): StreamEvent | undefined {
    return this.events.at(-1);
  }
  get latestView(): Record<string, unknown> {
    return JSON.parse(this.latest?.data ?? '{}');
  }

  #take(text: string): void {
    this.bytes += text.length;
    const blocks = (this.#rest + text).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = block.split('\n');
      if (fields.every((field) => field.startsWith(':'))) this.comments++;
      else
        this.events.push({
          event: fieldOf(fields, 'event') ?? 'message',
          data: fields
            .flatMap((field) => (field.startsWith('data: ') ? field.slice('data: '.length) : []))
            .join('\n'),
          at: performance.now(),
        });
    }
  }

  pause(): void {
    this.#response.pause();
  }
  resume(): void {
    this.#response.resume();
  }
  [Symbol.dispose](): void {
    this.#response.destroy();
  }
}

const fieldOf = (fields: readonly string[], name: string): string | undefined =>
  fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2);

/** A headless Chromium. It runs in one process, so that closing a page ends it: use one page for everything. */
export async function startBrowser(): Promise<Browser> {
  return browsers.launch({
    executablePath: await chromium.executablePath(),
    // Otherwise it draws with a graphics processor that it simulates, which takes several times as long.
    args: [...chromium.args, '--disable-gpu'],
    headless: true,
  });
}

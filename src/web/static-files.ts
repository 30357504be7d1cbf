import { createHash } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, gzip } from 'node:zlib';
import { answer } from './answers.ts';
import { fault } from '../wire/error-kind.ts';

/** The types of files that are served. Other files in the folders are not. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mmd': 'text/plain; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
};
/** These types are compressed already. */
const PACKED = new Set(['.png', '.ico', '.woff2']);
/** Compressing a smaller file gains nothing, because it fits into one segment. */
const SMALL = 1_000;

const ENCODINGS = { br: promisify(brotliCompress), gzip: promisify(gzip) } as const;
type Encoding = keyof typeof ENCODINGS;

/** A folder, its path on the site, and the extensions that are served from it. */
export interface Folder {
  readonly at: string;
  readonly folder: string;
  readonly endings: readonly string[];
}

class StaticFile {
  readonly #path: string;
  readonly #ending: string;
  #content: Promise<{ bytes: Buffer; tag: string }> | undefined;
  readonly #encoded = new Map<Encoding, Promise<Buffer>>();

  constructor(path: string) {
    this.#path = path;
    this.#ending = extname(path);
  }

  get type(): string {
    return TYPES[this.#ending] ?? 'application/octet-stream';
  }

  content(): Promise<{ bytes: Buffer; tag: string }> {
    this.#content ??= readFile(this.#path).then((bytes) => ({
      bytes,
      tag: createHash('sha256').update(bytes).digest('base64url').slice(0, 20),
    }));
    return this.#content;
  }

  /** As `content`, with relative paths that lead up that many folders. */
  async contentBelow(folders: number): Promise<{ bytes: Buffer; tag: string }> {
    const { bytes, tag } = await this.content();
    const text = bytes.toString().replaceAll('="./', `="${'../'.repeat(folders)}`);
    return { bytes: Buffer.from(text), tag: `${tag}-${folders}` };
  }

  /** @returns the best encoding that the browser accepts; undefined if the file is better sent as it is */
  encodingFor(accepted: string, size: number): Encoding | undefined {
    if (size < SMALL || PACKED.has(this.#ending)) return undefined;
    return (['br', 'gzip'] as const).find((encoding) => new RegExp(`\\b${encoding}\\b`).test(accepted));
  }

  /** Compressed once, at the first request, off the main thread. */
  encoded(encoding: Encoding, bytes: Buffer): Promise<Buffer> {
    const known = this.#encoded.get(encoding);
    if (known !== undefined) return known;
    const made = ENCODINGS[encoding](bytes);
    this.#encoded.set(encoding, made);
    return made;
  }
}

/** The files of the page. They are listed once, and only listed files can be requested, whatever the path looks like. */
export class StaticFiles {
  readonly #files = new Map<string, StaticFile>();

  constructor(folders: readonly Folder[]) {
    for (const { at, folder, endings } of folders) {
      if (!existsSync(folder)) continue;
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
        if (endings.includes(extname(name)))
          this.#files.set(`${at}${name.split(sep).join('/')}`, new StaticFile(join(folder, name)));
    }
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /**
   * Serves a file, unless it has not changed since the browser received it.
   * @param options.folders how many folders below the root of the site the browser resolves relative paths from; they
   *   are adjusted, so that a proxy may serve the site in a folder
   * @throws Error if there is no such file
   */
  async serve(
    path: string,
    request: IncomingMessage,
    response: ServerResponse,
    { status = 200, folders = 0 } = {},
  ): Promise<void> {
    const file = this.#files.get(path);
    if (file === undefined) throw fault(`there is no file ${path}`);
    const { bytes, tag } = folders === 0 ? await file.content() : await file.contentBelow(folders);
    // The compressed form of each file is kept once.
    const accepted = folders === 0 ? (request.headers['accept-encoding'] ?? '') : '';
    const encoding = file.encodingFor(accepted, bytes.length);
    const entityTag = `"${tag}${encoding === undefined ? '' : `-${encoding}`}"`;
    const headers = {
      ETag: entityTag,
      Vary: 'Accept-Encoding',
      // The names of assets contain a hash of their content, so the content at such a path never changes.
      'Cache-Control': path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
      ...(encoding !== undefined && { 'Content-Encoding': encoding }),
    };
    if (status === 200 && request.headers['if-none-match']?.includes(entityTag) === true) {
      response.writeHead(304, headers).end();
      return;
    }
    const body = encoding === undefined ? bytes : await file.encoded(encoding, bytes);
    answer(response, status, file.type, body, headers);
  }
}

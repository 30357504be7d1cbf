import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { createLogger } from '../../../src/transport/logger.ts';
import { TcpServer } from '../../../src/transport/server.ts';
import type { TcpOptions } from '../../../src/transport/tcp-options.ts';

/** A file that the server removes meanwhile is not needed: its removal was durable before. */
function copyFiles(from: string, to: string): void {
  for (const name of readdirSync(from))
    try {
      copyFileSync(join(from, name), join(to, name));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
}

/** A real server over TCP whose store is in memory, so that another one can take up what this one has. */
export class StoredServer {
  readonly #options: TcpOptions;
  readonly #store: MemoryStore;
  readonly #blobs: string;
  readonly #server: TcpServer;

  private constructor(options: TcpOptions, store: MemoryStore, blobs: string) {
    this.#options = options;
    this.#store = store;
    this.#blobs = blobs;
    const storage = { store, blobs, sync: 'always' } as const;
    this.#server = new TcpServer(options, createLogger('error'), undefined, undefined, storage);
  }

  static async start(options: TcpOptions, store = new MemoryStore(), blobs?: string): Promise<StoredServer> {
    const folder = blobs ?? mkdtempSync(join(tmpdir(), 'sleigh-oracle-'));
    const server = new StoredServer(options, store, folder);
    await server.#server.listen('127.0.0.1', 0);
    return server;
  }

  get port(): number {
    return this.#server.port;
  }

  /** @returns the next server: it has what was durable at this moment, and this one ends */
  async crash(): Promise<StoredServer> {
    const blobs = mkdtempSync(join(tmpdir(), 'sleigh-oracle-'));
    copyFiles(this.#blobs, blobs);
    const next = await StoredServer.start(this.#options, new MemoryStore(this.#store.entities), blobs);
    await this.close();
    return next;
  }

  async close(): Promise<void> {
    await this.#server.close();
    rmSync(this.#blobs, { recursive: true });
  }
}

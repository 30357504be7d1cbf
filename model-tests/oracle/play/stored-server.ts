import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { MemoryStore } from '../../../src/store/memory-store.ts';
import { createLogger } from '../../../src/transport/logger.ts';
import { TcpServer } from '../../../src/transport/server.ts';
import { Peer } from '../../../src/transport/peer.ts';
import type { TcpOptions } from '../../../src/transport/tcp-options.ts';
import type { ProtocolClient } from '../../../src/verify/protocol-client.ts';
import { openField } from '../../../test/support/open-fields.ts';
import { SimulatedEdge } from './simulated-edge.ts';

/** A file that the server removes meanwhile is not needed: its removal was durable before. */
function copyFiles(from: string, to: string): void {
  for (const name of readdirSync(from))
    try {
      copyFileSync(join(from, name), join(to, name));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
}

/** When the first server of a test starts, in milliseconds since 1970. */
const BEGINNING = Date.UTC(2026, 0, 1);
/** How long it may take the server to come to rest, in time that really passes. */
const REST_LIMIT_MS = 20_000;
/** Milliseconds of simulated time that pass with each turn while a server ends. */
const ENDING_STEP_MS = 50;

/** What a server continues with when another one has crashed. */
interface Taken {
  readonly store: MemoryStore;
  readonly blobs: string;
  readonly now: number;
}

/** Both ends of a connection have what the other one has sent. */
const haveAll = (near: Socket, far: Socket | undefined): boolean =>
  far !== undefined &&
  !far.writableEnded &&
  near.bytesWritten === far.bytesRead &&
  far.bytesWritten === near.bytesRead;

const newFolder = (): string => mkdtempSync(join(tmpdir(), 'sleigh-oracle-'));

/**
 * A real server over TCP in simulated time, whose store is in memory, so that another one can take up what this one has. It
 * knows when it is at rest, so whoever waits for a reply that does not come need not guess how long.
 */
export class StoredServer {
  readonly #options: TcpOptions;
  readonly #taken: Taken;
  readonly #edge: SimulatedEdge;
  readonly #server: TcpServer;

  private constructor(options: TcpOptions, taken: Taken) {
    this.#options = options;
    this.#taken = taken;
    const { store, blobs, now } = taken;
    this.#edge = new SimulatedEdge(now);
    const storage = { store, blobs, sync: 'always' } as const;
    this.#server = new TcpServer(options, createLogger('error'), undefined, this.#edge, storage);
  }

  static async start(options: TcpOptions, taken?: Taken): Promise<StoredServer> {
    const fresh = { store: new MemoryStore(), now: BEGINNING };
    const server = new StoredServer(options, taken ?? { ...fresh, blobs: newFolder() });
    await server.#server.listen('127.0.0.1', 0);
    return server;
  }

  get port(): number {
    return this.#server.port;
  }

  /** That much time passes at once. */
  pass(milliseconds: number): void {
    this.#edge.pass(milliseconds);
  }

  /** Its connections, by the names of the clients. */
  get #sockets(): ReadonlyMap<string, Socket> {
    const peers: Iterable<unknown> = openField(this.#server, 'peers', Map).values();
    const found = new Map<string, Socket>();
    for (const peer of peers)
      if (peer instanceof Peer) found.set(peer.name, openField(peer, 'socket', Socket));
    return found;
  }

  /** Whether it has closed a connection, or has seen that it was closed. */
  hasClosed(peer: string): boolean {
    return !this.#sockets.has(peer);
  }

  /** Everything that was sent has arrived and was carried out, and so have the replies and the ends of connections. */
  #isAtRest(clients: readonly ProtocolClient[]): boolean {
    if (!this.#edge.isIdle || this.#server.durability?.waiting !== 0) return false;
    const sockets = this.#sockets;
    const live = clients.filter(
      ({ socket, hasEnded }) => !hasEnded && !socket.writableEnded && !socket.destroyed,
    );
    return (
      sockets.size === live.length && live.every(({ socket, peer }) => haveAll(socket, sockets.get(peer)))
    );
  }

  /** Waits until there is nothing to wait for. @param until ends the wait earlier */
  async rest(clients: readonly ProtocolClient[], until = (): boolean => false): Promise<void> {
    const deadline = performance.now() + REST_LIMIT_MS;
    for (let turns = 0; turns < 2; turns = this.#isAtRest(clients) ? turns + 1 : 0) {
      if (until()) return;
      if (performance.now() > deadline) throw new Error('the server does not come to rest');
      await turn();
    }
  }

  /** @returns the next server: it has what was durable at this moment, and this one ends */
  async crash(): Promise<StoredServer> {
    const blobs = newFolder();
    copyFiles(this.#taken.blobs, blobs);
    const store = new MemoryStore(this.#taken.store.entities);
    const next = await StoredServer.start(this.#options, { store, blobs, now: this.#edge.now });
    await this.close();
    return next;
  }

  async close(): Promise<void> {
    const state = { isClosed: false };
    const closed = this.#server.close().then(() => (state.isClosed = true));
    while (!state.isClosed) {
      this.pass(ENDING_STEP_MS);
      await turn();
    }
    await closed;
    rmSync(this.#taken.blobs, { recursive: true });
  }
}

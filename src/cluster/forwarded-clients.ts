import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import { createActor, fromTransition } from 'xstate';
import type { Logger } from 'pino';
import { processTime, type AwakeTime } from '../transport/awake.ts';
import { NODE_DISK } from '../transport/disk.ts';
import type { Gate } from '../transport/gate.ts';
import type { Peer } from '../transport/peer.ts';
import type { TcpOptions } from '../transport/tcp-options.ts';
import { TemporaryFiles } from '../transport/temporary-files.ts';
import { Unread } from '../transport/unread.ts';
import { Uploads } from '../transport/uploads.ts';
import { fault } from '../wire/error-kind.ts';
import { makeTerms, termsWith, type Terms } from '../wire/handshake.ts';
import { DEFAULT_LIMITS, type Limits } from '../wire/limits.ts';
import type { FilePayload } from '../wire/payload.ts';
import { withDefaults } from '../wire/with-defaults.ts';
import { ServerAccounting } from '../workspace/storage-accounting.ts';
import { ForwardedClient } from './forwarded-client.ts';
import { FrontConnection } from './front-connection.ts';
import type { OwnerStream } from './owner-link.ts';
import { OwnerSession, type OwnerSessionHost } from './owner-session.ts';

/** What clients of a server are offered. */
export interface ForwardingOptions {
  readonly gate: Gate;
  readonly logger: Logger;
  readonly tcp: TcpOptions;
  /** The port of the web page, for the handshake (P2.1). */
  readonly webPort: number | undefined;
  /** How many partitions the data has. */
  readonly partitions: number;
  /** The name of the store, if clients are told who owns a workspace (D24). */
  readonly store?: string | undefined;
}

/** Reaches the owner of a partition for the client of that name. */
export type ConnectOwner = (name: string) => OwnerStream | undefined;

/** The clients of a server with a shared store. */
export class ForwardedClients implements OwnerSessionHost {
  readonly limits: Limits;
  readonly accounting: ServerAccounting;
  readonly time: AwakeTime = processTime;
  readonly logger: Logger;
  readonly gate: Gate;
  readonly files: TemporaryFiles;
  readonly uploads: Uploads;
  readonly machines;
  readonly partitions: number;
  readonly root = createActor(fromTransition((state: null) => state, null)).start();
  keptBytes = 0;
  readonly #terms: Terms;
  readonly #clients = new Map<number, ForwardedClient>();
  readonly #peers = new Map<number, Peer>();
  readonly #sessions = new Map<number, OwnerSession>();
  /** Clients that need the owners no longer, and whose sockets are still open. */
  readonly #ended = new Set<number>();
  readonly #unread: Unread<Peer>;
  /** By partition. */
  readonly #connect: (ConnectOwner | undefined)[] = [];
  readonly #places: (string | undefined)[] = [];
  #accepted = 0;
  #files = 0;
  #numbers = 0;

  constructor({ gate, logger, tcp, webPort, partitions, store }: ForwardingOptions) {
    const limits = withDefaults(DEFAULT_LIMITS, tcp.limits);
    this.gate = gate;
    this.partitions = partitions;
    this.logger = logger;
    this.limits = limits;
    this.accounting = new ServerAccounting(limits, () => undefined);
    this.files = new TemporaryFiles(NODE_DISK, tcp.tmpDir ?? tmpdir(), limits.serverBytes);
    this.uploads = new Uploads(this.files, this.#peers);
    this.#unread = new Unread(limits.unreadBytes);
    this.#terms = makeTerms({
      webPort,
      tls: gate.tls === undefined ? 'none' : gate.asksForCertificate ? 'required' : 'offered',
      ...(gate.admission.asksForToken && { admits: gate.admits }),
      mayBeStopped: tcp.deadman,
      durability: 'always',
      store,
    });
    this.machines = {
      connection: FrontConnection.bind((id) => this.#find(id).connection, this),
      forwardedClient: ForwardedClient.bind((id) => this.#find(id), this),
      forwarding: OwnerSession.bind((number) => this.#findSession(number), this),
    };
  }

  /** The number of clients, whether they have asked for anything or not. */
  get count(): number {
    return this.#clients.size;
  }
  isOwnerKnown(partition: number): boolean {
    return this.#connect[partition] !== undefined;
  }

  #find(id: number): ForwardedClient {
    const client = this.#clients.get(id);
    if (client === undefined) throw fault(`there is no client ${id}`);
    return client;
  }

  addSession(session: OwnerSession): number {
    this.#sessions.set(++this.#numbers, session);
    return this.#numbers;
  }
  removeSession(number: number): void {
    this.#sessions.delete(number);
  }
  #findSession(number: number): OwnerSession {
    const session = this.#sessions.get(number);
    if (session === undefined) throw fault(`there is no session ${number}`);
    return session;
  }

  /** @param name HOST:PORT of the client */
  accept(socket: Duplex, name: string): void {
    const id = ++this.#accepted;
    const client = new ForwardedClient(id, socket, name, this);
    this.#clients.set(id, client);
    this.#peers.set(id, client.connection.peer);
    client.start();
  }

  /**
   * @param connect reaches the owner
   * @param place HOST:PORT for clients; an empty text if they are to stay at this server
   * @param isOther whether it is another server than before
   */
  ownerKnown(
    partition: number,
    { connect, place, isOther }: { connect: ConnectOwner; place: string; isOther: boolean },
  ): void {
    this.#connect[partition] = connect;
    this.#places[partition] = place;
    for (const session of this.#sessions.values())
      if (session.partition === partition) session.ownerKnown(isOther);
  }

  /** Nobody is known to own the partition. Links to the former owner stay: it may still own it. */
  ownerUnknown(partition: number): void {
    this.#connect[partition] = undefined;
    this.#places[partition] = undefined;
  }

  placeOf(partition: number): string | undefined {
    return this.#places[partition];
  }

  connectOwner(partition: number, name: string): OwnerStream | undefined {
    return this.#connect[partition]?.(name);
  }

  termsOf(id: number): Terms {
    return termsWith(this.#terms, this.gate.nonceOf(id));
  }

  newFile(size: number): FilePayload {
    return { file: ++this.#files, size };
  }

  countUnread(peer: Peer): void {
    this.#unread.count(peer);
    for (const reader of this.#unread.excess()) {
      const { unread, name } = reader;
      this.logger.warn({ peer: name, unread, limit: 'unreadBytes' }, 'connection ended: it does not read');
      reader.destroy();
    }
  }

  closed(id: number): void {
    const peer = this.#peers.get(id);
    if (peer !== undefined) this.#unread.count(peer, 0);
    this.#peers.delete(id);
    if (this.#ended.delete(id)) this.#clients.delete(id);
  }

  ended(id: number): void {
    if (this.#peers.has(id)) this.#ended.add(id);
    else this.#clients.delete(id);
  }

  /** The server stops: clients may take what was sent to them. */
  stop(): void {
    for (const client of this.#clients.values()) client.stop();
  }

  /** Ends what is left of them. */
  close(): void {
    this.stop();
    for (const peer of this.#peers.values()) peer.destroy();
    for (const session of this.#sessions.values()) session.end();
    this.files.removeAll();
  }
}

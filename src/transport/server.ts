import { tmpdir } from 'node:os';
import type { Duplex } from 'node:stream';
import type { Logger } from 'pino';
import type { Command, CoreEvent } from '../core/commands.ts';
import type { Core } from '../core/core.ts';
import { someWouldLose } from '../core/departure.ts';
import { HANDLING_SECONDS, Histogram } from '../core/metrics.ts';
import { DEFAULT_LIMITS } from '../wire/limits.ts';
import type { FilePayload } from '../wire/payload.ts';
import { failureOf, isFenced, isNotLoaded } from '../store/failure.ts';
import { coreOf } from './core-of.ts';
import type { Storage } from './data-folder.ts';
import { Durability } from './durability.ts';
import { EndedJobs } from './ended-jobs.ts';
import { NODE_EDGE, type Edge } from './edge.ts';
import { JobPlugins } from './job-plugins.ts';
import type { Listening } from './listening.ts';
import { joinedPair } from './joined-pair.ts';
import { Gate, type Credentials } from './gate.ts';
import { Peer, type PeerEvents } from './peer.ts';
import { Unread } from './unread.ts';
import type { TcpOptions } from './tcp-options.ts';
import { Uploads } from './uploads.ts';
import { usedBy } from './used.ts';
import { RealTimers } from './real-timers.ts';
import { Slices } from './slices.ts';
import { TraceFile } from './trace-file.ts';
import { TemporaryFiles } from './temporary-files.ts';
import { Stopping } from './stopping.ts';
import { fault } from '../wire/error-kind.ts';

/** The TCP adapter: it performs the core's commands on sockets, files and timers. */
export class TcpServer {
  readonly core: Core;
  /** Commits to the store, if there is one. */
  readonly durability: Durability | undefined;
  /** Jobs that have ended, for the page. */
  readonly endedJobs: EndedJobs;
  /** The time from an event until its commands were performed. */
  readonly handling = new Histogram(HANDLING_SECONDS);
  /** Resolves when it has stopped, by `close` or because a client requested it (P3). */
  readonly stopped: Promise<void>;
  readonly #peers = new Map<number, Peer>();
  readonly #events: PeerEvents = {
    received: ({ id }, bytes) => this.#handle({ type: 'received', connection: id, bytes }),
    secured: ({ id }) => this.#handle({ type: 'secured', connection: id }),
    counted: (peer) => this.#countUnread(peer),
    gone: ({ id }) => this.#handle({ type: 'disconnected', connection: id }),
    closed: (peer) => {
      this.#unread.count(peer, 0);
      this.#peers.delete(peer.id);
    },
  };
  readonly #edge: Edge;
  readonly #timers: RealTimers;
  readonly #files: TemporaryFiles;
  readonly #uploads: Uploads;
  readonly #logger: Logger;
  #trace: TraceFile | undefined;
  readonly #listener: Listening;
  readonly #slices: Slices;
  readonly #unread: Unread<Peer>;
  readonly #gate: Gate;
  readonly #plugins: JobPlugins;
  #accepted = 0;
  readonly #stopping: Stopping;
  #failure: Error | undefined;
  #hasStopped: () => void = () => undefined;

  /**
   * @param webPort the port of the web page, for the handshake (P2.1)
   * @param storage where the server keeps what survives it
   * @param edge everything outside of the process
   * @throws if a certificate is invalid or the trace cannot be written
   */
  constructor(options: TcpOptions, logger: Logger, webPort?: number, edge = NODE_EDGE, storage?: Storage) {
    this.#edge = edge;
    this.#timers = new RealTimers(edge.time, (timer) => this.#handle({ type: 'timerFired', timer }));
    this.#slices = new Slices(edge.time.loop);
    this.stopped = new Promise((resolve) => (this.#hasStopped = resolve));
    this.#logger = logger;
    this.#files = new TemporaryFiles(
      edge.disk,
      storage?.blobs ?? options.tmpDir ?? tmpdir(),
      options.limits?.serverBytes ?? DEFAULT_LIMITS.serverBytes,
      storage !== undefined,
    );
    this.#uploads = new Uploads(this.#files, this.#peers);
    this.#unread = new Unread(options.limits?.unreadBytes ?? DEFAULT_LIMITS.unreadBytes, edge.others);
    this.endedJobs = new EndedJobs({ folder: storage?.history, days: options.historyDays });
    this.#gate = new Gate(options);
    this.#trace = options.trace === undefined ? undefined : new TraceFile(options.trace);
    this.#plugins = new JobPlugins(options.plugins, {
      handle: (event) => edge.time.loop.soon(() => this.#handle(event)),
      worker: (job, rank) => this.core.jobs.worker(job, rank),
      failed: (fields) => this.#complain('a plugin failed', fields),
    });
    this.core = coreOf(options, { gate: this.#gate, webPort, edge, sync: storage?.sync });
    this.durability =
      storage &&
      new Durability(
        storage,
        this.core,
        {
          perform: (commands) => this.#performAll(commands),
          holdReading: (id, isHeld) => this.#peers.get(id)?.[isHeld ? 'hold' : 'resume']('work'),
          failed: (error) => this.#end(error),
        },
        () => edge.time.loop.now(),
      );
    this.#stopping = new Stopping({
      time: edge.time,
      connections: () => this.#peers.size,
      someWouldLose: () => this.#peers.size > this.core.counts.connections || someWouldLose(this.core),
      stopListening: () => this.#listener.close(),
      handle: (event) => this.#handle(event),
      release: () => this.#release(),
    });
    this.#listener = edge.listener({
      gate: this.#gate,
      logger,
      isFull: () => this.#peers.size >= this.core.limits.connectionCount,
      accept: (socket, name, isAdmitted = false) => this.#accept(socket, name, isAdmitted),
      refused: (limit) => this.core.figures.countRefusal(limit),
    });
  }

  get host(): string {
    return this.#listener.host;
  }
  get port(): number {
    return this.#listener.port;
  }

  /** The use of the transport's limits (P12), for metrics. */
  get counts() {
    return usedBy(this.#peers.size, this.#unread, this.#files, this.#uploads);
  }

  /** The first bytes of a large value, as far as they have arrived. */
  readonly peek = (file: FilePayload, bytes: number): Uint8Array => this.#files.peek(file, bytes);

  /** Why it has ended by itself (D6). */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Whether it is stopping or has stopped. */
  get isStopping(): boolean {
    return this.#stopping.hasBegun;
  }

  /** @throws if it cannot listen: a port in use, a temporary folder that cannot be written to */
  async listen(host: string, port: number): Promise<void> {
    await this.#files.check();
    const { loop } = this.#edge.time;
    await this.endedJobs.load(loop.timeOrigin + loop.now());
    await this.durability?.recover(() => loop.timeOrigin + loop.now());
    await this.#files.restored();
    await this.#listener.listen(host, port);
  }

  /**
   * Replaces the credentials for later connections.
   * @throws Error if something cannot be used; then nothing has changed
   */
  reload(credentials: Credentials): void {
    this.#gate.reload(credentials);
    this.#logger.info({ audit: true }, 'certificates, token and addresses were reloaded');
  }

  /**
   * Connects a client in this process, which is treated like one on a socket.
   * @param name stands in the place of HOST:PORT
   * @returns its end of the stream
   */
  connect(name: string): Duplex {
    const [near, far] = joinedPair();
    this.#accept(far, name, true);
    return near;
  }

  #accept(socket: Duplex, name: string, isInside: boolean): void {
    const connection = ++this.#accepted;
    this.#peers.set(connection, new Peer(connection, socket, name, this.#events, this.#edge.time));
    this.#handle({ type: 'connected', connection, peer: name, isInside });
  }

  /** Clients that do not read must not use up the memory (P12). */
  #countUnread(peer: Peer): void {
    this.#unread.count(peer);
    for (const reader of this.#unread.excess()) {
      const { unread, name } = reader;
      this.core.figures.countRefusal('unreadBytes');
      this.#logger.warn({ peer: name, unread, limit: 'unreadBytes' }, 'connection ended: it does not read');
      reader.destroy();
    }
  }

  #handle(event: CoreEvent): void {
    const { loop } = this.#edge.time;
    this.#edge.time.look();
    const began = loop.now();
    const isTimeUp = this.#slices.begin(began, event.type === 'continued');
    const commands = this.core.handle(event, loop.timeOrigin + began, isTimeUp);
    if (this.durability === undefined) this.#performAll(commands);
    else this.durability.handled(commands);
    this.#traced((trace) => trace.flush());
    const ended = loop.now();
    this.handling.add((ended - began) / 1000);
    this.#slices.end(began, ended);
  }

  #performAll(commands: readonly Command[]): void {
    let next = commands[0];
    for (let i = 1; next !== undefined; i++) {
      const command = next;
      next = commands[i];
      try {
        this.#perform(command, next);
      } catch (error) {
        this.#failed(command, error);
      }
    }
  }

  /** Output or a file of this connection is missing, so the connection ends. The others continue. */
  #failed(command: Command, error: unknown): void {
    const id = this.#uploads.connectionOf(command);
    const { peer, story } = this.core.findConnection(id) ?? {};
    const fields = { command: command.type, peer, error, story: story?.lines };
    this.#complain('a command could not be carried out', fields);
    if ('file' in command) this.#files.spoil(command.file, error);
    this.#peers.get(id)?.destroy();
  }

  /** A log that cannot be written must not stop the server. */
  #complain(what: string, fields: Record<string, unknown>): void {
    try {
      this.#logger.error(fields, what);
    } catch {
      // The error cannot be reported anywhere.
    }
  }

  /** Ends the trace when a step cannot be written, because a trace without that step would be wrong. */
  #traced(act: (trace: TraceFile) => void): void {
    try {
      if (this.#trace !== undefined) act(this.#trace);
    } catch (error) {
      this.#trace = undefined;
      this.#complain('the trace ends here', { error });
    }
  }

  /** Performs a command of the core. If `next` goes to the same client, both are sent together. */
  #perform(command: Command, next: Command | undefined): void {
    switch (command.type) {
      case 'send': {
        const peer = this.#peers.get(command.connection);
        const isFollowed = next?.type === 'send' && next.connection === command.connection;
        if (isFollowed) peer?.cork();
        peer?.send(command.bytes);
        if (!isFollowed) peer?.uncork();
        return;
      }
      case 'sendFile':
        return this.#peers.get(command.connection)?.send(this.#files.read(command.file));
      case 'flush': {
        const { connection } = command;
        return this.#peers.get(connection)?.whenFlushed(() => this.#handle({ type: 'flushed', connection }));
      }
      case 'pause':
        return this.#peers.get(command.connection)?.hold('turn');
      case 'resume':
        return this.#peers.get(command.connection)?.resume('turn');
      case 'continue':
        return this.#edge.time.loop.soon(() => this.#handle({ type: 'continued' }));
      case 'startTimer':
        return this.#timers.start(command.timer, command.milliseconds);
      case 'stopTimer':
        return this.#timers.stop(command.timer);
      case 'close':
        return this.#peers.get(command.connection)?.close();
      case 'startTls':
        if (this.#gate.tls === undefined) throw fault('TLS was begun and never offered');
        return this.#peers.get(command.connection)?.startTls(this.#gate.tls, command.received);
      case 'restoreFile':
        return this.#files.restore(command.file);
      case 'openFile':
        return this.#uploads.open(command.file, command.connection);
      case 'writeFile':
        return this.#uploads.write(command.file, command.bytes);
      case 'finishFile': {
        const { file, connection } = command;
        this.#uploads
          .finish(file, (error) => this.#handle({ type: 'fileWritten', connection, error }))
          .catch((error: unknown) => this.#failed(command, error));
        return;
      }
      case 'discardFile':
        return this.#uploads.discard(command.file);
      case 'log':
        return this.#logger[command.level](command.fields, command.message);
      case 'trace':
        return this.#traced((trace) => trace.write(command.step));
      case 'jobEvent':
      case 'operationEnded':
        return this.#plugins.perform(command);
      case 'keepJob':
        return this.endedJobs.keep(command.job);
      case 'stopServer':
        return void this.close();
    }
  }

  /**
   * Shuts down the jobs that do not survive the server (D8), lets clients take their remaining replies, then closes.
   * @param drain seconds in which clients may finish and disconnect before their connections are closed; the default
   *   is 0
   */
  close({ drain = 0 } = {}): Promise<void> {
    return this.#stopping.begin(drain);
  }

  /** Nothing must be sent any more (D6, D9). */
  #end(cause: unknown): void {
    this.#failure = failureOf(cause);
    // Whoever gives up a core that was fenced or could not load its data says so, with the partition.
    if (!isFenced(this.#failure) && !isNotLoaded(this.#failure))
      this.#complain(this.#failure.message, { error: cause });
    for (const peer of this.#peers.values()) peer.destroy();
    void this.close();
  }

  async #release(): Promise<void> {
    try {
      await this.durability?.close();
      await this.endedJobs.close();
      for (const peer of this.#peers.values()) peer.destroy();
      this.#timers.stopAll();
      this.#files.removeAll();
      this.#traced((trace) => trace.close());
    } catch (error) {
      this.#complain('something was left behind', { error });
    }
    this.#hasStopped();
  }
}

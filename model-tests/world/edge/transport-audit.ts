import type { Duplex } from 'node:stream';
import { Core } from '../../../src/core/core.ts';
import { Pace } from '../../../src/core/pace.ts';
import type { Peer } from '../../../src/transport/peer.ts';
import type { TcpServer } from '../../../src/transport/server.ts';
import { lostWakeUps } from '../../../test/support/lost-wakeups.ts';
import { openField } from '../../../test/support/open-fields.ts';
import { collectionsOf, type Found } from '../../../test/support/reachable.ts';
import type { ServerProcess } from './server-process.ts';
import type { SimulatedDisk } from './simulated-disk.ts';

/** Milliseconds, with events in them, that something may take which is to happen at once. */
const SOON_MS = 300;
/** Time without events counts as this much, so that a process that has slept may do first what it has to. */
const STEP_MS = 100;

/** The private state of a peer. */
interface OpenPeer {
  readonly name: string;
  readonly $socket: Duplex;
  readonly $heldFor: Readonly<Record<'drain' | 'flush' | 'file' | 'finish' | 'turn', boolean>>;
  readonly $onFlushed: unknown;
  readonly $sending: boolean;
  readonly $corked: string | undefined;
  readonly $queue: readonly unknown[];
  readonly $early: readonly unknown[];
  readonly $hasEnded: boolean;
  readonly $isGone: boolean;
  readonly $closing: boolean;
}

const isOpen = (peer: object): peer is OpenPeer => '$heldFor' in peer && '$socket' in peer;

/** What is not the transport's own: the core is looked into by itself, and the rest belongs to the simulation. */
const NOT_ENTERED = new Set(['edge', '$edge', '$logger', '$listener', '$disk', '$time', '$loop']);
const isEntered = ({ object, by }: Found): boolean => !(object instanceof Core) && !NOT_ENTERED.has(by);

/** Looks into the transport: nobody waits there for ever, and nothing stays. */
export class TransportAudit {
  readonly #tcp: TcpServer;
  readonly #unused: TcpServer;
  readonly #process: ServerProcess;
  readonly #disk: SimulatedDisk;
  readonly #peers: ReadonlyMap<number, Peer>;
  /** What should not last, and for how many milliseconds it has lasted. */
  #lasting = new Map<string, number>();
  #lookedAt = 0;

  /** @param unused another server, which nobody has used */
  constructor(tcp: TcpServer, unused: TcpServer, process: ServerProcess, disk: SimulatedDisk) {
    this.#tcp = tcp;
    this.#unused = unused;
    this.#process = process;
    this.#disk = disk;
    this.#peers = openField<Map<number, Peer>>(tcp, 'peers', Map);
  }

  /** @param elapsed milliseconds of simulated time */
  lostWakeUps(elapsed: number, prods: boolean): string[] {
    const { core } = this.#tcp;
    const underWay = {
      flush: (id: number) => this.#hasFlush(id),
      file: (id: number) => this.#disk.calls > 0 || this.#process.soons > 0 || this.#isFinishing(id),
      turn: this.#process.soons > 0,
    };
    const step = Math.min(elapsed - this.#lookedAt, STEP_MS);
    this.#lookedAt = elapsed;
    const before = this.#lasting;
    this.#lasting = new Map();
    for (const peer of this.#peers.values())
      for (const what of isOpen(peer) ? this.#stuck(peer, peer.id) : [`${peer.name} cannot be looked into`])
        this.#lasting.set(`${peer.name} ${what}`, (before.get(`${peer.name} ${what}`) ?? -step) + step);
    const lasts = [...this.#lasting].filter(([, milliseconds]) => milliseconds > SOON_MS);
    return [...lasts.map(([what]) => what), ...lostWakeUps(core, underWay, prods)];
  }

  #hasFlush(id: number): boolean {
    // The reply waits for a commit, and so does the flush behind it.
    const { durability } = this.#tcp;
    if (durability !== undefined && openField(durability, 'held', Map).has(id)) return true;
    const peer = this.#peers.get(id);
    return peer === undefined || (isOpen(peer) && (peer.$onFlushed !== undefined || peer.$socket.destroyed));
  }

  /** Whether the file of this connection is being completed; `#stuck` says when that lasts too long. */
  #isFinishing(id: number): boolean {
    const peer = this.#peers.get(id);
    return peer !== undefined && isOpen(peer) && peer.$heldFor.finish;
  }

  /** What may be so for a moment, while its end is under way. */
  *#stuck(peer: OpenPeer, id: number): Generator<string> {
    const { $socket: socket, $heldFor: heldFor } = peer;
    if (socket.destroyed) return;
    if (peer.$corked !== undefined) yield 'has texts that are not sent';
    if (peer.$queue.length > 0 && !peer.$sending) yield 'has output that waits behind nothing';
    if (peer.$closing || peer.$isGone) return;
    const canSend = !peer.$sending && !socket.writableNeedDrain;
    if (heldFor.drain && canSend) yield 'is held until it takes its replies, and has taken them';
    if (heldFor.flush && peer.$onFlushed === undefined) yield 'is held for a flush that nobody waits for';
    if (heldFor.flush && canSend) yield 'has taken its replies, and the core does not know';
    if ((heldFor.file || heldFor.finish) && this.#disk.calls === 0)
      yield 'is held for a file that is written';
    const connection = this.#tcp.core.findConnection(id);
    const waitsFor: unknown = connection && Reflect.get(openField(connection, 'pace', Pace), '$waitsFor');
    if (heldFor.turn && waitsFor !== 'turn' && waitsFor !== 'steps')
      yield 'is held for a turn that it has had';
    if (Object.values(heldFor).some(Boolean)) return;
    if (peer.$early.length > 0) yield 'has input that was read early and is not handled';
    else if (peer.$hasEnded) yield 'has ended, and the core does not know';
    else if (socket.isPaused()) yield 'is not read from';
  }

  /** How much more than a server that nobody has used each collection of the transport holds. */
  get left(): Record<string, number> {
    const before = collectionsOf(this.#unused, isEntered);
    const more = [...collectionsOf(this.#tcp, isEntered)].map(([path, size]): [string, number] => [
      `elements of ${path}`,
      size - (before.get(path) ?? 0),
    ]);
    return Object.fromEntries(more.filter(([, size]) => size > 0));
  }
}

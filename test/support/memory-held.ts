import Denque from 'denque';
import { FairQueue } from '../../src/sleigh/fair-queue.ts';
import type { Core } from '../../src/core/core.ts';
import type { KeptReply } from '../../src/core/kept-replies.ts';
import type { Session } from '../../src/core/session.ts';
import { Outgoing } from '../../src/core/outgoing.ts';
import type { Batches } from '../../src/sleigh/batches.ts';
import { Sleigh } from '../../src/sleigh/sleigh.ts';
import { NullResults } from '../../src/sleigh/null-results.ts';
import type { ResultQueue } from '../../src/sleigh/result-queue.ts';
import type { NullReserve } from '../../src/sleigh/null-reserve.ts';
import type { KeptEnd } from '../../src/sleigh/kept-end.ts';
import type { Broadcast, Task } from '../../src/sleigh/task.ts';
import { isFile, isPieces, sizeOf, type Metadata, type Payload } from '../../src/wire/payload.ts';
import { Listing } from '../../src/workspace/listing.ts';
import { Barrier } from '../../src/workspace/barrier.ts';
import { Fifo } from '../../src/workspace/fifo.ts';
import { Lifo } from '../../src/workspace/lifo.ts';
import { COST, noMemory, type Kind } from '../../src/workspace/memory-budget.ts';
import { Single } from '../../src/workspace/single.ts';
import type { Value } from '../../src/workspace/value.ts';
import type { Workspace } from '../../src/workspace/workspace.ts';
import { openField } from './open-fields.ts';

/** What one value takes in memory, with and without what is in a file. */
const bytesOf = (payload: Payload): number => (isFile(payload) ? 0 : sizeOf(payload));

function bytesOfMetadata(metadata: Metadata): number {
  const texts = [...metadata].flat().reduce((sum, text) => sum + text.length, 0);
  return metadata.size === 0 ? 0 : COST.dictionary + metadata.size * COST.entry + texts;
}

/** The batches, and the mailbox, that a task with these metadata belongs to (S21). */
function bytesOfBatches(metadata: Metadata): number {
  const id = metadata.get('batchId');
  const mailbox = metadata.get('mailbox');
  const names = mailbox === undefined ? [id ?? ''] : [...(id?.split(',') ?? ['']), mailbox];
  return names.reduce((sum, name) => sum + COST.batch + name.length, 0);
}

/** The results of each batch and of each mailbox. */
function* queuesOf(batches: Batches): Generator<ResultQueue> {
  for (const { inbox } of openField<Map<unknown, { inbox: Inbox }>>(batches, 'batches', Map).values())
    yield inbox.results;
  for (const inbox of openField<Map<unknown, Inbox>>(batches, 'mailboxes', Map).values()) yield inbox.results;
}
interface Inbox {
  readonly results: ResultQueue;
}

/** The memory that is held, added up from what is really there, by kind (P12), and the bytes of all values. */
export class MemoryHeld {
  readonly byKind = noMemory();
  /** Bytes of all values, in memory and in files. */
  bytes = 0;

  constructor(core: Core) {
    for (const workspace of core.workspaces.all) this.#addWorkspace(workspace);
    const clients = [...core.connections, ...core.sessions.all];
    for (const { references } of clients)
      for (const { name } of references.values()) this.#add('references', COST.reference + name.length);
    for (const session of core.sessions.all) this.#addSession(session);
    for (const connection of core.connections) {
      const pieces: unknown = Reflect.get(openField(connection, 'out', Outgoing), '$pieces');
      if (pieces instanceof Listing) this.#addListing(pieces);
    }
  }

  #add(kind: Kind, bytes: number): void {
    this.byKind[kind] += bytes;
  }

  #addSession(session: Session): void {
    this.#add('sessions', COST.session + session.secret.length);
    for (const { metadata, value } of openField<Map<number, KeptReply>>(
      session.replies,
      'replies',
      Map,
    ).values()) {
      const bytes = value === undefined || isPieces(value.payload) ? 0 : bytesOf(value.payload);
      this.#add('sessions', COST.value + bytesOfMetadata(metadata) + bytes);
    }
  }

  #addValue({ payload, metadata }: Value): void {
    this.bytes += sizeOf(payload);
    this.#add('values', COST.value + bytesOf(payload) + bytesOfMetadata(metadata));
  }

  #addListing(listing: Listing): void {
    const parts = openField(listing, 'parts', Array);
    const overhead = 40;
    if (parts.length > 0) this.#add('listings', listing.size + parts.length * overhead);
  }

  #addWorkspace(workspace: Workspace): void {
    for (const { name, behaviour, leasePlace } of workspace.variables) {
      this.#add('names', COST.name + name.length);
      for (const { value } of leasePlace.leases) {
        this.#add('leases', COST.lease);
        this.#addValue(value);
      }
      if (behaviour instanceof Barrier)
        this.#add('barrierMembers', COST.barrierMember * openField(behaviour, 'members', Set).size);
      if (behaviour instanceof Fifo || behaviour instanceof Lifo || behaviour instanceof Single)
        for (const value of behaviour.values(0, Infinity)) this.#addValue(value);
      if (behaviour instanceof Fifo) for (const { value } of behaviour.waiting()) this.#addValue(value);
    }
    if (workspace.plugin instanceof Sleigh) this.#addJob(workspace.plugin);
    // The first workspace is always there, and is not counted (W1).
    if (workspace.name === '__default') return;
    this.#add('names', COST.name + workspace.name.length);
    this.#add('labels', workspace.owner.length);
    this.#add('metadata', bytesOfMetadata(workspace.metadata));
    this.#add('jobs', workspace.plugin === undefined ? 0 : COST.job);
  }

  #addJob({ crew, work }: Sleigh): void {
    const { tasks, batches } = work;
    this.#add('agents', COST.agent * (crew.size + crew.sentinels.length));
    for (const task of openField(tasks, 'queue', FairQueue)) this.#addTask(task);
    for (const { task } of tasks.waiting) this.#addTask(task);
    const lasting = openField<readonly Broadcast[]>(tasks, 'lasting', Array);
    const places = new Map<NullReserve, number>();
    const reserve = ({ reserve }: Broadcast, count: number): void =>
      void places.set(reserve, (places.get(reserve) ?? 0) + count);
    for (const broadcast of new Set([...tasks.broadcasts, ...lasting])) {
      this.#addValue(broadcast.value);
      reserve(broadcast, broadcast.isOpen ? 1 : 0);
    }
    for (const worker of crew.workers) {
      const { task, retry, nextBroadcast, nextLasting, lastingBefore } = worker;
      if (task !== undefined && task.broadcast === undefined) this.#addTask(task);
      for (const copy of [task, retry]) if (copy?.broadcast !== undefined) reserve(copy.broadcast, 1);
      if (worker.client === undefined || worker.actor.getSnapshot().status !== 'active') continue;
      for (const broadcast of tasks.broadcasts) if (broadcast.number >= nextBroadcast) reserve(broadcast, 1);
      for (const broadcast of lasting.slice(nextLasting, lastingBefore)) reserve(broadcast, 1);
    }
    const nulls: NullResults[] = [];
    for (const queue of queuesOf(batches))
      for (const entry of openField(queue, 'entries', Denque<Value | NullResults>).toArray())
        if (entry instanceof NullResults) nulls.push(entry);
        else this.#addValue(entry);
    for (const { reserve, ranks, value } of nulls)
      if (reserve !== undefined) places.set(reserve, (places.get(reserve) ?? 0) + ranks.places);
      else this.#add('nullResults', COST.value + ranks.places * COST.range + bytesOfMetadata(value.metadata));
    // What was reported of a worker is shared by the null results of its copies (S19).
    for (const kept of new Set(nulls.map(({ end }) => end))) this.#addEnd(kept);
    for (const [{ value }, count] of places)
      if (count > 0)
        this.#add(
          'nullResults',
          bytesOfMetadata(value.metadata) +
            bytesOfBatches(value.metadata) +
            count * (COST.value + COST.range),
        );
    const spent = openField(batches.totals, 'spent', Map<string | undefined, unknown>);
    const current = ['batches', 'mailboxes'].map((field) => openField(batches, field, Map<string, unknown>));
    for (const names of [spent, ...current])
      for (const name of names.keys()) this.#add('batches', COST.batch + (name?.length ?? 0));
  }

  /** With what was reported of the last worker that declined it (S19). */
  #addTask({ value, declined }: Task): void {
    this.#addValue(value);
    this.#addEnd(declined?.last.end);
  }

  #addEnd(kept: KeptEnd | undefined): void {
    const { why = '', how = '', lastWords = '' } = kept?.end ?? {};
    this.#add('nullResults', why.length + how.length + lastWords.length);
  }
}

/**
 * What is counted and what is held, where they differ. While work waits for its turn (P14), both may be on their way.
 * @returns one text for each kind
 */
export function miscounted(core: Core): string[] {
  if (core.turns.length > 0) return [];
  const held = new MemoryHeld(core);
  const { byKind } = core.accounting.budget;
  const counted = new Map(Object.entries(byKind));
  const wrong = Object.entries(held.byKind)
    .filter(([kind, bytes]) => counted.get(kind) !== bytes)
    .map(([kind, bytes]) => `${kind}: ${counted.get(kind)} bytes are counted, and ${bytes} are held`);
  if (core.accounting.bytes !== held.bytes)
    wrong.push(`${core.accounting.bytes} bytes of values are counted, and ${held.bytes} are held`);
  return wrong;
}

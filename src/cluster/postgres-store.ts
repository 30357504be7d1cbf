import { createActor } from 'xstate';
import { bind } from '../machines/bind.ts';
import { commitMachine, type CommitEvent } from '../machines/commit.ts';
import type { Change, Entity, Key } from '../store/change.ts';
import { STORED } from '../store/errors.ts';
import { RecordError } from '../store/failure.ts';
import type { Store } from '../store/store.ts';
import { AwakeTime } from '../transport/awake.ts';
import { NODE_LOOP } from '../transport/event-loop.ts';
import { fault, plainError, reasonOf } from '../wire/error-kind.ts';
import { CLUSTER } from './errors.ts';
import { isOfStatement, type Answer, type StoreLink } from './link.ts';
import type { Member } from './member.ts';
import type { Claimed, Partition } from './partition.ts';
import { FORMAT } from './schema.ts';
import { keyOf } from './stored-key.ts';
import { unpacked, writesOf, type Writes } from './writes.ts';

/** The number of entities that are loaded at once. */
const PORTION = 1_000;

/** Milliseconds until a commit whose outcome is unknown ends the server, and between two attempts to learn it. */
const COMMIT_TIMEOUT_MS = 60_000;
const READ_HEAD_AGAIN_MS = 100;

function entityIn(bytes: Buffer, fields: Buffer): Entity {
  const key = keyIn(bytes);
  try {
    return { key, fields: unpacked(fields) };
  } catch (cause) {
    throw new RecordError(key, cause);
  }
}

function keyIn(bytes: Buffer): Key {
  try {
    return keyOf(bytes);
  } catch (cause) {
    throw plainError(CLUSTER.badKey(bytes.toString('hex'), reasonOf(cause)), { cause });
  }
}

/** @throws if a change has something that no record can have */
function writesIn(changes: readonly Change[]): Writes {
  try {
    return writesOf(changes);
  } catch (cause) {
    throw plainError(CLUSTER.badChange(reasonOf(cause)), { cause });
  }
}

interface Pending {
  readonly writes: Writes;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
  readonly patience: NodeJS.Timeout;
}

/**
 * A store in PostgreSQL that several servers may use, one at a time. Whoever claims it raises its epoch, and no commit
 * under an older epoch changes anything (D9).
 */
export class PostgresStore implements Store {
  /** What is read may be old if another server has claimed the data, so a reply waits for a commit (D11). */
  readonly confirmsReads = true;
  readonly #link: StoreLink;
  readonly #partition: Partition;
  readonly #member: Member;
  #claimed: Claimed | undefined;
  #timeOrigin = NODE_LOOP.timeOrigin;
  #pending: Pending | undefined;
  /** The number of the last commit, as it was read last. */
  #found = 0;
  /** The last error of a statement. */
  #failure: unknown;
  readonly #commits = createActor(
    bind<typeof commitMachine, PostgresStore>(commitMachine, () => this, {
      write: (store) => store.#try((claimed, { writes }) => store.#partition.write(claimed, writes)),
      writeBarrier: (store) => store.#try((claimed) => store.#partition.writeBarrier(claimed)),
      readHead: (store) => void store.#readHead(),
      readHeadLater: (store) => void setTimeout(() => void store.#readHead(), READ_HEAD_AGAIN_MS),
      acknowledge: (store) => store.#acknowledge(),
      setHead: (store) => store.#setHead(store.#found),
      reportFenced: (store) =>
        store.#end()?.failed(plainError(STORED.fenced(store.#member.name, store.epoch))),
      reportFailed: (store) => store.#end()?.failed(store.#failed()),
      reportUnexpected: (_, { event }) => {
        throw fault(`the machine of commits does not expect ${event.type}`);
      },
    }),
  );

  constructor(link: StoreLink, partition: Partition, member: Member) {
    this.#link = link;
    this.#partition = partition;
    this.#member = member;
    this.#commits.start();
  }

  /** The epoch under which it commits. */
  get epoch(): number {
    return this.#mine.epoch;
  }

  /** A clock that has the time of the store, so that times in the data mean the same to every server, whatever its own clock says. */
  get time(): AwakeTime {
    return new AwakeTime({ ...NODE_LOOP, timeOrigin: this.#timeOrigin });
  }

  get #mine(): Claimed {
    if (this.#claimed === undefined) throw fault('the store is not claimed');
    return this.#claimed;
  }

  /** Whether this server has claimed it. */
  get isClaimed(): boolean {
    return this.#claimed !== undefined;
  }

  async claim(): Promise<void> {
    if (this.isClaimed) return;
    const { epoch, owner } = await this.#partition.look();
    if (await this.claimAfter(epoch)) return;
    throw plainError(CLUSTER.owned(owner?.name ?? ''));
  }

  /**
   * @param seen the epoch under which the data was last seen
   * @param format the format of the store that this server knows
   * @returns whether it is claimed now; if not, another server owns it, or the store has another format
   */
  async claimAfter(seen: number, format = FORMAT): Promise<boolean> {
    const claim = await this.#partition.claim(seen, this.#member, format);
    this.#claimed = claim;
    if (claim !== undefined) this.#timeOrigin = claim.time - NODE_LOOP.now();
    return this.isClaimed;
  }

  async *load(): AsyncGenerator<readonly Entity[]> {
    for (let after: Buffer = Buffer.of(); ;) {
      const rows = await this.#partition.load(after, PORTION);
      yield rows.map(({ key, fields }) => entityIn(key, fields));
      const last = rows.at(-1);
      if (last === undefined) break;
      after = last.key;
    }
    // Another server may have changed it meanwhile.
    if (!(await this.#partition.renew(this.epoch)))
      throw plainError(STORED.fenced(this.#member.name, this.epoch));
  }

  async commit(changes: readonly Change[]): Promise<void> {
    if (this.#pending !== undefined) throw fault('two commits at a time');
    if (this.#commits.getSnapshot().status !== 'active') throw fault('no commits are possible any more');
    const writes = writesIn(changes);
    return new Promise<void>((done, failed) => {
      const patience = setTimeout(() => this.#send({ type: 'patience.elapsed' }), COMMIT_TIMEOUT_MS);
      this.#pending = { writes, done, failed, patience };
      this.#send({ type: 'commit.asked' });
    });
  }

  /** The answer of a statement may come after the end. */
  #send(event: CommitEvent): void {
    if (this.#commits.getSnapshot().status === 'active') this.#commits.send(event);
  }

  /** Carries out a statement of the commit, and sends its outcome to the machine. */
  #try(statement: (claimed: Claimed, pending: Pending) => Promise<Answer>): void {
    const pending = this.#pending;
    if (pending === undefined) throw fault('there is no commit');
    void statement(this.#mine, pending).then(
      ({ rows, hasWarned }) => {
        if (hasWarned) this.#send({ type: 'outcome.unknown' });
        else this.#send({ type: rows.length > 0 ? 'commit.done' : 'commit.refused' });
      },
      (error: unknown) => {
        this.#failure = error;
        this.#send({ type: isOfStatement(error) ? 'commit.impossible' : 'outcome.unknown' });
      },
    );
  }

  async #readHead(): Promise<void> {
    try {
      const { epoch, head } = await this.#partition.look();
      const mine = this.#mine;
      const ahead = head - mine.head;
      if (ahead < 0) this.#failure = plainError(CLUSTER.lostCommits(mine.head, head));
      this.#found = head;
      this.#send({ type: 'head.read', isOwn: epoch === mine.epoch, ahead });
    } catch (error) {
      this.#failure = error;
      this.#send({ type: 'store.unreachable' });
    }
  }

  #failed(): Error {
    return plainError(CLUSTER.noAnswer(reasonOf(this.#failure)), { cause: this.#failure });
  }

  #setHead(head: number): void {
    this.#claimed = { ...this.#mine, head };
  }

  #acknowledge(): void {
    this.#setHead(this.#mine.head + 1);
    this.#failure = undefined;
    this.#end()?.done();
  }

  #end(): Pending | undefined {
    const pending = this.#pending;
    clearTimeout(pending?.patience);
    this.#pending = undefined;
    return pending;
  }

  /** Another server may claim the data at once. Whoever has claimed it is not affected. A commit that is under way fails. */
  async close(): Promise<void> {
    this.#end()?.failed(fault('the store is closed'));
    this.#commits.stop();
    if (this.#claimed !== undefined) await this.#partition.release(this.epoch).catch(() => undefined);
    this.#claimed = undefined;
    await this.#link.close();
  }
}

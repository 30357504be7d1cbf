import type { Changes } from '../store/change-recorder.ts';
import type { Entity, Fields } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import { isFile, isPieces, sizeOf, type FilePayload, type Metadata } from '../wire/payload.ts';
import { isStatus, type ReplyValue, type Status } from '../wire/reply.ts';
import { COST, memoryOfMetadata, type Account } from '../workspace/memory-budget.ts';
import type { ServerAccounting } from '../workspace/storage-accounting.ts';
import { recordOfValue, valueIn } from '../workspace/value-record.ts';

/** A reply, as it is sent again when its request is repeated (P15.1). */
export interface KeptReply {
  readonly status: Status;
  readonly metadata: Metadata;
  readonly value?: ReplyValue | undefined;
}

const memoryOf = ({ metadata, value }: KeptReply): number =>
  COST.value +
  memoryOfMetadata(metadata) +
  (value === undefined || isFile(value.payload) ? 0 : sizeOf(value.payload));

const fileOf = ({ value }: KeptReply): FilePayload | undefined =>
  value !== undefined && isFile(value.payload) ? value.payload : undefined;

interface KeptRepliesHost {
  readonly accounting: ServerAccounting;
  readonly changes: Changes;
}

/**
 * The replies of a session that its client may not have received, by the numbers of their requests. Only those are here
 * that say more than that the request was carried out. What a store has of them may lag behind: replies that were
 * acknowledged go with the next change, so that an acknowledgement alone costs no commit.
 */
export class KeptReplies {
  readonly #host: KeptRepliesHost;
  readonly #session: number;
  readonly #account: Account;
  readonly #replies = new Map<number, KeptReply>();
  /** What the store has. */
  readonly #recorded = new Map<number, KeptReply>();
  /** Numbers of replies that the store does not have yet, and of those that it need not have any more. */
  #new: number[] = [];
  #old: number[] = [];

  /** @param session its number, for the keys of records */
  constructor(host: KeptRepliesHost, session: number, account: Account) {
    this.#host = host;
    this.#session = session;
    this.#account = account;
  }

  find(number: number): KeptReply | undefined {
    return this.#replies.get(number);
  }

  keep(number: number, reply: KeptReply): void {
    const { accounting, changes } = this.#host;
    this.#replies.set(number, reply);
    accounting.budget.take('sessions', memoryOf(reply), { client: this.#account });
    const file = fileOf(reply);
    if (file !== undefined) accounting.lend(file);
    if (changes.isRecorded) this.#new.push(number);
  }

  /** The client has the replies up to that number. */
  acknowledge(answered: number): void {
    let hadFile = false;
    for (const [number, reply] of this.#replies) {
      if (number > answered) break;
      if (fileOf(reply) !== undefined) hadFile = true;
      this.#drop(number, reply);
    }
    // A file is discarded together with the record that names it.
    if (hadFile) this.record();
  }

  #drop(number: number, reply: KeptReply): void {
    const { accounting } = this.#host;
    this.#replies.delete(number);
    accounting.budget.give('sessions', memoryOf(reply), { client: this.#account });
    const file = fileOf(reply);
    if (file !== undefined) accounting.takeBack(file);
    if (this.#recorded.has(number)) this.#old.push(number);
  }

  /** Records what has changed. */
  record(): void {
    const { changes } = this.#host;
    for (const number of this.#old) {
      this.#recorded.delete(number);
      changes.delete(['reply', this.#session, number]);
    }
    for (const number of this.#new) {
      const reply = this.#replies.get(number);
      if (reply === undefined) continue;
      this.#recorded.set(number, reply);
      changes.put(['reply', this.#session, number], recordOf(reply));
    }
    this.#old = [];
    this.#new = [];
  }

  /** The session has ended. */
  clear(): void {
    for (const [number, reply] of this.#replies) this.#drop(number, reply);
    this.#host.changes.clear(['reply', this.#session]);
    this.#recorded.clear();
  }

  /** The records, as a store must have them. */
  *entities(): Generator<Entity> {
    for (const [number, reply] of this.#recorded)
      yield { key: ['reply', this.#session, number], fields: recordOf(reply) };
  }

  /** Takes up a reply of before a restart. */
  restore(entity: Entity, restoreFile: (file: FilePayload) => void): void {
    const { accounting } = this.#host;
    const [, , number = 0] = entity.key;
    const reply = replyIn(RecordReader.of(entity), restoreFile);
    this.#replies.set(number, reply);
    this.#recorded.set(number, reply);
    accounting.budget.take('sessions', memoryOf(reply), { client: this.#account });
    const file = fileOf(reply);
    if (file !== undefined) accounting.lend(file);
  }

  /**
   * Everything of before the restart is taken up.
   * @param isOfValue whether a value has that file, too; otherwise it is discarded with the last reply
   */
  restored(isOfValue: (file: number) => boolean): void {
    for (const reply of this.#replies.values()) {
      const file = fileOf(reply);
      if (file !== undefined && !isOfValue(file.file)) this.#host.accounting.discard(file);
    }
  }
}

function recordOf({ status, metadata, value }: KeptReply): Fields {
  if (value === undefined || isPieces(value.payload)) return { status, metadata: [...metadata] };
  const { descriptor, payload, variableId, index } = value;
  const { metadata: pairs, ...fields } = recordOfValue({ descriptor, payload, metadata });
  return { status, metadata: pairs ?? [], value: { ...fields, variableId, index } };
}

function replyIn(record: RecordReader, restoreFile: (file: FilePayload) => void): KeptReply {
  const status = record.text('status');
  if (!isStatus(status)) throw new Error(`A kept reply has the status "${status}", which no reply has.`);
  const metadata = new Map(record.pairs('metadata'));
  const inner = record.optional('value');
  if (inner === undefined) return { status, metadata };
  const { descriptor, payload } = valueIn(inner, restoreFile);
  const variableId = inner.text('variableId');
  return {
    status,
    metadata,
    value: { descriptor, payload, variableId, index: inner.number('index') },
  };
}

import { BOUNDS } from '../wire/bounds.ts';
import type { Entity, Fields } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import { memoryOfBatch } from './batch-ref.ts';
import type { JobChanges } from './job-changes.ts';

/** The totals of a batch. */
export interface Totals {
  /** Unique among the batches and mailboxes of its job; it stays when the batch is empty and then used again. */
  readonly number: number;
  /** Undefined for tasks without a batch. */
  readonly id: string | undefined;
  /** Tasks, and copies of broadcasts that were given or answered. */
  accepted: number;
  /** Results, including null results. */
  answered: number;
  /** Null results, and results that say that their task has failed (C6). */
  failed: number;
  /** The position among the empty batches; undefined while it is not empty. */
  spentAt: number | undefined;
}

type Counts = Pick<Totals, 'accepted' | 'answered' | 'failed'>;

function add(counts: Counts, { accepted, answered, failed }: Counts): void {
  counts.accepted += accepted;
  counts.answered += answered;
  counts.failed += failed;
}

const fieldsOf = ({ id, accepted, answered, failed, spentAt }: Totals): Fields => ({
  id,
  accepted,
  answered,
  failed,
  spentAt,
});

/** The totals of all batches. They survive the server, and those of some empty batches stay. */
export class TotalsOfBatches {
  /** Of all batches so far; of those that are kept, after a restart. */
  readonly overall = { accepted: 0, answered: 0, failed: 0 };
  /** The totals of empty batches, oldest first. */
  readonly #spent = new Map<string | undefined, Totals>();
  readonly #accounting: StorageAccounting;
  readonly #changes: JobChanges;
  /** The number of the last batch or mailbox. */
  #lastNumber = 0;
  /** The position of the last batch that became empty. */
  #lastSpent = 0;

  constructor(accounting: StorageAccounting, changes: JobChanges) {
    this.#accounting = accounting;
    this.#changes = changes;
  }

  /** Of empty batches, oldest first. */
  get spent(): Iterable<Totals> {
    return this.#spent.values();
  }

  /** The number of another batch or mailbox. @param number that it had before a restart */
  newNumber(number = this.#lastNumber + 1): number {
    this.#lastNumber = Math.max(this.#lastNumber, number);
    return number;
  }

  /** The batch is not empty any more, or new. */
  begin(id: string | undefined): Totals {
    const spent = this.#spent.get(id);
    if (spent === undefined) {
      this.#accounting.take('batches', memoryOfBatch(id));
      return { number: this.newNumber(), id, accepted: 0, answered: 0, failed: 0, spentAt: undefined };
    }
    this.#spent.delete(id);
    spent.spentAt = undefined;
    this.#changed(spent);
    return spent;
  }

  count(totals: Totals, more: Counts): void {
    add(totals, more);
    add(this.overall, more);
    this.#changed(totals);
  }

  /** The batch is empty. */
  end(totals: Totals): void {
    const { id } = totals;
    if (totals.accepted > 0) {
      totals.spentAt = ++this.#lastSpent;
      this.#spent.set(id, totals);
    } else this.#accounting.give('batches', memoryOfBatch(id));
    this.#changed(totals);
    if (this.#spent.size > BOUNDS.emptyBatches.value)
      for (const oldest of this.#spent.values()) return this.#forget(oldest);
  }

  /** Called when the job has been deleted. */
  forgetSpent(): void {
    for (const totals of this.#spent.values()) this.#forget(totals);
  }

  #forget({ id, number }: Totals): void {
    this.#spent.delete(id);
    this.#accounting.give('batches', memoryOfBatch(id));
    if (this.#changes.isRecorded) this.#changes.delete(['batch', number]);
  }

  /** Those of a batch without a task so far are not kept. */
  #changed(totals: Totals): void {
    if (!this.#changes.isRecorded) return;
    if (totals.accepted > 0) this.#changes.touch(['batch', totals.number], () => fieldsOf(totals));
    else this.#changes.delete(['batch', totals.number]);
  }

  /** @param current of batches that are not empty */
  *entities(current: Iterable<Totals>): Generator<Entity> {
    for (const totals of [...current, ...this.#spent.values()])
      if (totals.accepted > 0)
        yield { key: this.#changes.keyOf(['batch', totals.number]), fields: fieldsOf(totals) };
  }

  /** Takes up the totals of a batch of before a restart. Empty batches come in the order in which they became empty. */
  restore(number: number, record: RecordReader): Totals {
    const totals: Totals = {
      number: this.newNumber(number),
      id: record.optionalText('id'),
      accepted: record.number('accepted'),
      answered: record.number('answered'),
      failed: record.number('failed'),
      spentAt: record.optionalNumber('spentAt'),
    };
    add(this.overall, totals);
    this.#accounting.take('batches', memoryOfBatch(totals.id));
    if (totals.spentAt !== undefined) this.#spent.set(totals.id, totals);
    this.#lastSpent = Math.max(this.#lastSpent, totals.spentAt ?? 0);
    return totals;
  }
}

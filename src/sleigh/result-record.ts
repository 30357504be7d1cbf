import type { Entity, Fields } from '../store/change.ts';
import type { RecordReader } from '../store/record.ts';
import type { FilePayload } from '../wire/payload.ts';
import type { StorageAccounting } from '../workspace/storage-accounting.ts';
import type { Value } from '../workspace/value.ts';
import { fieldOfMetadata, metadataIn, recordOfValue, valueIn } from '../workspace/value-record.ts';
import { batchOf } from './batch-ref.ts';
import { endIn, recordOfEnd } from './end-record.ts';
import type { JobChanges } from './job-changes.ts';
import { KeptEnd } from './kept-end.ts';
import { NullReserve } from './null-reserve.ts';
import { NullResults } from './null-results.ts';
import { RangesOfRanks } from './ranks.ts';
import { nullResultsOf } from './results.ts';

/** A result, or the null results of a number of ranks in a short form. */
const recordOfResult = (entry: Value | NullResults): Fields =>
  entry instanceof NullResults
    ? {
        nullsOf: fieldOfMetadata(entry.value.metadata) ?? [],
        ranks: entry.keptRanks.flatMap(({ from, to }) => [from, to]),
        broadcast: entry.reserve?.broadcast,
        copies: entry.copies,
        end: recordOfEnd(entry.end?.end),
      }
    : recordOfValue(entry);

/** Records the results of one batch or mailbox. */
export class ResultRecords {
  readonly #inbox: number;
  readonly #changes: JobChanges;

  /** @param inbox the number of the batch or mailbox */
  constructor(inbox: number, changes: JobChanges) {
    this.#inbox = inbox;
    this.#changes = changes;
  }

  put(number: number, entry: Value | NullResults): void {
    if (this.#changes.isRecorded) this.#changes.put(['result', this.#inbox, number], recordOfResult(entry));
  }

  /** The oldest entry is not kept any more. */
  delete(number: number, entry: Value | NullResults): void {
    if (!this.#changes.isRecorded) return;
    this.#changes.delete(['result', this.#inbox, number]);
    if (entry instanceof NullResults) this.#changes.delete(['cursor', this.#inbox]);
  }

  /** A null result of the oldest entry was taken, and others are left. */
  moveCursor(entry: Value | NullResults): void {
    if (this.#changes.isRecorded && entry instanceof NullResults)
      this.#changes.put(['cursor', this.#inbox], { rank: entry.cursor });
  }

  *entities(number: number, entry: Value | NullResults): Generator<Entity> {
    yield { key: this.#changes.keyOf(['result', this.#inbox, number]), fields: recordOfResult(entry) };
    if (entry instanceof NullResults && entry.isBegun)
      yield { key: this.#changes.keyOf(['cursor', this.#inbox]), fields: { rank: entry.cursor } };
  }
}

/** The memory of the null results of broadcasts, by broadcast: they share it with those that may still come. */
export class Reserves {
  readonly #accounting: StorageAccounting;
  readonly #reserves = new Map<number, NullReserve>();

  constructor(accounting: StorageAccounting) {
    this.#accounting = accounting;
  }

  of(broadcast: number, value: Value): NullReserve {
    let reserve = this.#reserves.get(broadcast);
    if (reserve === undefined)
      this.#reserves.set(broadcast, (reserve = new NullReserve(this.#accounting, value, broadcast)));
    return reserve;
  }

  /** @param cursor null results of lower ranks have been taken */
  resultIn(
    record: RecordReader,
    restoreFile: (file: FilePayload) => void,
    cursor: number | undefined,
  ): Value | NullResults {
    if (!record.has('nullsOf')) return valueIn(record, restoreFile);
    const value: Value = { descriptor: 0, payload: '', metadata: metadataIn(record, 'nullsOf') };
    const numbers = record.numbers('ranks');
    const ranges = numbers.flatMap((from, at) =>
      at % 2 === 0 ? [{ from, to: numbers[at + 1] ?? from }] : [],
    );
    const ranks = new RangesOfRanks(ranges);
    const copies = record.optionalNumber('copies');
    const broadcast = record.optionalNumber('broadcast');
    const reserve = broadcast === undefined ? undefined : this.of(broadcast, value);
    const end = endIn(record.optional('end'));
    const nulls = nullResultsOf(
      { value, batch: batchOf(value.metadata), broadcast: copies === undefined ? undefined : { copies } },
      ranks,
      { end: end && new KeptEnd(this.#accounting, end), reserve },
    );
    reserve?.take(ranks.places);
    if (cursor !== undefined) nulls.skipTo(cursor);
    return nulls;
  }
}

import type { Changes, Changing } from '../store/change-recorder.ts';
import type { Entity, Fields, Key } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';

/** Whose numbers are given, by the number in the key of their record, which never changes. */
const GIVEN = { session: 0, lease: 1 } as const;

/** How many numbers are reserved together. A lease of a value that does not survive (W13) thus seldom waits for a commit (D2). */
const RESERVED = 1_000;

/**
 * Gives each session, or each lease, a number that no other one has or had. The last reserved number survives the server,
 * because clients and the records of agents that have ended still have the numbers of what is gone (D20).
 */
export class GivenNumbers implements Changing {
  readonly key: Key;
  readonly #changes: Changes;
  #last = 0;
  #reserved = 0;

  constructor(of: keyof typeof GIVEN, changes: Changes) {
    this.key = ['numbers', GIVEN[of]];
    this.#changes = changes;
  }

  next(): number {
    this.#last++;
    if (this.#last > this.#reserved) {
      this.#reserved = this.#last + RESERVED - 1;
      this.#changes.touch(this);
    }
    return this.#last;
  }

  fields(): Fields {
    return { last: this.#reserved };
  }

  /** As a store must have it. */
  *entities(): Generator<Entity> {
    if (this.#reserved > 0) yield { key: this.key, fields: this.fields() };
  }

  /** A number was given before a restart: a store of an earlier version has no record of the last one. */
  wasGiven(number: number): void {
    this.#last = this.#reserved = Math.max(this.#last, number);
  }

  /** Takes up the record of before a restart, if it is the one of these numbers. */
  restore(entity: Entity): void {
    if (entity.key[1] === this.key[1]) this.wasGiven(RecordReader.of(entity).number('last'));
  }

  /** Everything is taken up. */
  restored(): void {
    if (this.#reserved > 0) this.#changes.touch(this);
  }
}

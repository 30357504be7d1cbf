import type { Entity } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import type { SavedMode, Variable } from './variable.ts';

/** A variable of before a restart. */
export interface SavedVariable extends SavedMode {
  /** Iterations that began before the restart continue, because the id stays (V9). */
  readonly id: string;
  readonly number: number;
  readonly isHidden: boolean;
}

/** The variables of a workspace of before a restart, while it is loaded. */
export class SavedVariables {
  readonly #left = new Map<string, SavedVariable>();
  readonly #made = new Map<number, Variable>();

  /** @returns its number */
  add(entity: Entity): number {
    const record = RecordReader.of(entity);
    const number = entity.key[2] ?? 0;
    const emptyAt = record.optionalNumber('emptyAt');
    this.#left.set(record.text('name'), {
      id: record.text('id'),
      number,
      isHidden: record.has('isHidden') && record.flag('isHidden'),
      mode: record.text('mode'),
      emptyAt,
      capacity: record.optionalNumber('capacity'),
    });
    return number;
  }

  /** The names of those that are not made yet. */
  get names(): readonly string[] {
    return [...this.#left.keys()];
  }

  /** @returns what is known of a variable that is being made, if it is not new */
  take(name: string): SavedVariable | undefined {
    const saved = this.#left.get(name);
    this.#left.delete(name);
    return saved;
  }

  /** A variable was made, new or not. */
  made(number: number, variable: Variable): void {
    this.#made.set(number, variable);
  }

  get all(): Iterable<Variable> {
    return this.#made.values();
  }

  find(number: number): Variable | undefined {
    return this.#made.get(number);
  }
}

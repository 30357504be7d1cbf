import { UNRECORDED, type Changes, type Changing } from '../store/change-recorder.ts';
import type { Entity, Fields, Key } from '../store/change.ts';
import type { Value } from './value.ts';
import { recordOfValue } from './value-record.ts';

/** The variables that a workspace has had since it was created or emptied. */
export interface RecordScope {
  /** The number of the workspace. */
  readonly number: number;
  /** Records nothing once they are deleted. */
  changes: Changes;
}

/** What a variable says of itself for its record. */
export interface RecordedVariable {
  readonly id: string;
  readonly name: string;
  readonly hidden: boolean;
  readonly behaviour: {
    readonly mode: string;
    readonly emptyAt?: number;
    readonly capacity?: number | undefined;
    numbered?(): Iterable<readonly [number: number, value: Value]>;
  };
}

/** Records the changes of one variable and of its values. */
export class VariableRecord implements Changing {
  readonly key: Key;
  readonly #scope: RecordScope;
  readonly #number: number;
  readonly #variable: RecordedVariable;
  #isEnded = false;

  /** @param number that of the variable */
  constructor(scope: RecordScope, number: number, variable: RecordedVariable) {
    this.key = ['variable', scope.number, number];
    this.#scope = scope;
    this.#number = number;
    this.#variable = variable;
  }

  get #changes(): Changes {
    return this.#isEnded ? UNRECORDED : this.#scope.changes;
  }

  fields(): Fields {
    const { id, name, hidden, behaviour } = this.#variable;
    // Most are not hidden, and their records do not say so.
    const { mode, emptyAt, capacity } = behaviour;
    return { id, name, isHidden: hidden || undefined, mode, emptyAt, capacity };
  }

  #keyOf(number: number): Key {
    return ['value', this.#scope.number, this.#number, number];
  }

  /** It has been created, or its mode or its numbering has changed. */
  changed(): void {
    this.#changes.touch(this);
  }

  /** A value is kept. */
  put(number: number, value: Value): void {
    const changes = this.#changes;
    if (changes.isRecorded) changes.put(this.#keyOf(number), recordOfValue(value));
  }

  /** A value is not kept any more. */
  delete(number: number): void {
    const changes = this.#changes;
    if (changes.isRecorded) changes.delete(this.#keyOf(number));
  }

  /** The variable is deleted, with its values. */
  end(): void {
    const changes = this.#changes;
    this.#isEnded = true;
    changes.clear(['value', this.#scope.number, this.#number]);
    changes.delete(this.key);
  }

  /** The variable and its values, as a store must have them. */
  *entities(): Generator<Entity> {
    if (!this.#changes.isRecorded) return;
    yield { key: this.key, fields: this.fields() };
    for (const [number, value] of this.#variable.behaviour.numbered?.() ?? [])
      yield { key: this.#keyOf(number), fields: recordOfValue(value) };
  }
}

import { UNRECORDED, type Changes } from '../store/change-recorder.ts';
import { JOB_KINDS, type Fields, type JobKind, type Key } from '../store/change.ts';

/** The key of an entity of a job, without the number of its workspace. */
export type JobKey = readonly [kind: JobKind, ...numbers: number[]];

/** Accepts the changes of one job. Each part of the job records the entities of its own. */
export class JobChanges {
  readonly #workspace: { readonly number: number; readonly changes: Changes };
  #isEnded = false;

  constructor(workspace: { readonly number: number; readonly changes: Changes }) {
    this.#workspace = workspace;
  }

  /** Whether anything is recorded. If not, callers need not compute what is. */
  get isRecorded(): boolean {
    return !this.#isEnded && this.#workspace.changes.isRecorded;
  }

  get #changes(): Changes {
    return this.#isEnded ? UNRECORDED : this.#workspace.changes;
  }

  keyOf([kind, ...numbers]: JobKey): Key {
    return [kind, this.#workspace.number, ...numbers];
  }

  /** The entity has this record from now on. */
  put(key: JobKey, fields: Fields): void {
    this.#changes.put(this.keyOf(key), fields);
  }

  /** The record of the entity may have changed. @param fields called when the changes are taken */
  touch(key: JobKey, fields: () => Fields): void {
    this.#changes.touch({ key: this.keyOf(key), fields });
  }

  delete(key: JobKey): void {
    this.#changes.delete(this.keyOf(key));
  }

  /** Deletes everything, because the job has failed, and records only that from now on. */
  end(key: JobKey, fields: Fields): void {
    for (const kind of JOB_KINDS) this.#changes.clear(this.keyOf([kind]));
    this.put(key, fields);
    this.#isEnded = true;
  }
}

/** For parts that belong to no job, in tests. */
export const NOT_RECORDED = new JobChanges({ number: 0, changes: UNRECORDED });

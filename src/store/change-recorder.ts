import type { Change, Fields, Key } from './change.ts';

/** An entity whose record changes from time to time. Its record is read when the changes are taken. */
export interface Changing {
  readonly key: Key;
  fields(): Fields;
}

/** Accepts the changes of the state that survives the server. */
export interface Changes {
  /** Whether anything is recorded. If not, callers need not compute a record. */
  readonly isRecorded: boolean;
  /** The entity has this record from now on. */
  put(key: Key, fields: Fields): void;
  /** The record of the entity may have changed. */
  touch(entity: Changing): void;
  delete(key: Key): void;
  /** Deletes all entities whose keys begin with this one. */
  clear(prefix: Key): void;
  /** The state is read: what is said of it waits until the changes so far are durable. */
  read(): void;
}

/** For servers and workspaces that keep nothing. */
export const UNRECORDED: Changes = {
  isRecorded: false,
  put: () => undefined,
  touch: () => undefined,
  delete: () => undefined,
  clear: () => undefined,
  read: () => undefined,
};

type Recorded =
  | Exclude<Change, { type: 'clear' }>
  | { readonly type: 'touch'; readonly key: Key; readonly entity: Changing };

/** The changes of the entities whose keys begin in the same way, by the next part of their keys. */
interface Branch {
  recorded?: Recorded | undefined;
  below?: Map<Key[number], Branch> | undefined;
}

/** Collects changes until they are taken. The last change of an entity is the one that counts. */
export class ChangeRecorder implements Changes {
  readonly isRecorded = true;
  /** Whether anything was recorded or read since this was set to false. */
  isTouched = false;
  /** The number of changes that were recorded so far. */
  count = 0;
  #root: Branch = {};
  #cleared: Key[] = [];

  /** Whether nothing has changed since the changes were taken. */
  get isEmpty(): boolean {
    return this.#root.below === undefined && this.#cleared.length === 0;
  }

  put(key: Key, fields: Fields): void {
    this.#record({ type: 'put', key, fields });
  }

  touch(entity: Changing): void {
    this.#record({ type: 'touch', key: entity.key, entity });
  }

  delete(key: Key): void {
    this.#record({ type: 'delete', key });
  }

  #record(recorded: Recorded): void {
    this.isTouched = true;
    this.count++;
    let branch = this.#root;
    for (const part of recorded.key) {
      branch.below ??= new Map();
      let next = branch.below.get(part);
      if (next === undefined) branch.below.set(part, (next = {}));
      branch = next;
    }
    branch.recorded = recorded;
  }

  clear(prefix: Key): void {
    this.isTouched = true;
    this.count++;
    let branch: Branch | undefined = this.#root;
    for (const part of prefix) branch = branch?.below?.get(part);
    if (branch !== undefined) branch.recorded = branch.below = undefined;
    this.#cleared.push(prefix);
  }

  read(): void {
    this.isTouched = true;
  }

  /** @returns the changes since the last call: first those that clear, then one for each entity */
  take(): Change[] {
    const taken: Change[] = this.#cleared.map((prefix) => ({ type: 'clear', prefix }));
    collect(this.#root, taken);
    this.#root = {};
    this.#cleared = [];
    return taken;
  }
}

function collect({ recorded, below }: Branch, into: Change[]): void {
  if (recorded !== undefined)
    into.push(
      recorded.type === 'touch'
        ? { type: 'put', key: recorded.key, fields: recorded.entity.fields() }
        : recorded,
    );
  if (below !== undefined) for (const branch of below.values()) collect(branch, into);
}

import { isBelow, textOfKey, type Change, type Fields, type Key } from './change.ts';

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
}

/** For servers and workspaces that keep nothing. */
export const UNRECORDED: Changes = {
  isRecorded: false,
  put: () => undefined,
  touch: () => undefined,
  delete: () => undefined,
  clear: () => undefined,
};

type Recorded =
  | Exclude<Change, { type: 'clear' }>
  | { readonly type: 'touch'; readonly key: Key; readonly entity: Changing };

/** Collects changes until they are taken. The last change of an entity is the one that counts. */
export class ChangeRecorder implements Changes {
  readonly isRecorded = true;
  #changes = new Map<string, Recorded>();
  #cleared: Key[] = [];

  /** Whether nothing has changed since the changes were taken. */
  get isEmpty(): boolean {
    return this.#changes.size === 0 && this.#cleared.length === 0;
  }

  put(key: Key, fields: Fields): void {
    this.#changes.set(textOfKey(key), { type: 'put', key, fields });
  }

  touch(entity: Changing): void {
    this.#changes.set(textOfKey(entity.key), { type: 'touch', key: entity.key, entity });
  }

  delete(key: Key): void {
    this.#changes.set(textOfKey(key), { type: 'delete', key });
  }

  clear(prefix: Key): void {
    for (const [text, { key }] of this.#changes) if (isBelow(key, prefix)) this.#changes.delete(text);
    this.#cleared.push(prefix);
  }

  /** @returns the changes since the last call: first those that clear, then one for each entity */
  take(): Change[] {
    const taken: Change[] = this.#cleared.map((prefix) => ({ type: 'clear', prefix }));
    for (const change of this.#changes.values())
      taken.push(
        change.type === 'touch' ? { type: 'put', key: change.key, fields: change.entity.fields() } : change,
      );
    this.#changes = new Map();
    this.#cleared = [];
    return taken;
  }
}

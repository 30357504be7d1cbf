import type { Changes } from '../store/change-recorder.ts';
import type { Entity } from '../store/change.ts';
import { RecordReader } from '../store/record.ts';
import type { FilePayload } from '../wire/payload.ts';
import { plainError } from '../wire/error-kind.ts';
import { STORED } from '../store/errors.ts';
import { recordOf } from '../store/failure.ts';
import { containedSteps, type InSteps, type Steps } from '../workspace/steps.ts';
import type { Leases } from './leases.ts';
import type { Sessions } from './sessions.ts';
import type { Workspaces } from '../workspace/workspaces.ts';

/**
 * The format of all records. A change to what a field means, or a field that old records lack, needs a new one,
 * and a new format of the store that servers share (`cluster/schema.ts`).
 */
export const FORMAT = 1;

interface RecoveryHost {
  readonly changes: Changes;
  readonly workspaces: Workspaces;
  readonly sessions: Sessions;
  readonly leases: Leases;
}

/**
 * Takes up the state of before a restart: first the entities of the store as they are, then every connection has closed
 * (D4).
 */
export class Recovery {
  readonly #host: RecoveryHost;
  #server: Entity;
  #isNew = true;
  /** Files of before the restart, and those of them that a value has: others are only in kept replies (P15.1). */
  readonly #files = new Set<number>();
  readonly #filesOfValues = new Set<number>();
  #isInSession = false;

  /** @param run the name of this run of the server */
  constructor(host: RecoveryHost, run: string) {
    this.#host = host;
    this.#server = { key: ['server'], fields: { format: FORMAT, run } };
  }

  /** Everything that survives the server, as its store must have it. */
  *entities(): Generator<Entity> {
    if (!this.#host.changes.isRecorded) return;
    yield this.#server;
    yield* this.#host.workspaces.entities();
    yield* this.#host.sessions.entities();
    yield* this.#host.leases.entities();
  }

  /**
   * Takes up an entity. They come in the order of their keys.
   * @throws if its format is not known
   */
  restore(entity: Entity): void {
    if (entity.key[0] !== 'server') {
      if (this.#isNew) throw plainError(STORED.noFormat());
      if (entity.key[0] === 'lease') return this.#host.leases.restore(entity);
      if (entity.key[0] === 'numbers') {
        this.#host.sessions.restore(entity);
        return this.#host.leases.restore(entity);
      }
      this.#isInSession = entity.key[0] === 'session' || entity.key[0] === 'reply';
      this.#host[this.#isInSession ? 'sessions' : 'workspaces'].restore(entity);
      this.#isInSession = false;
      return;
    }
    const format = RecordReader.of(entity).number('format');
    if (format !== FORMAT) throw plainError(STORED.unknownFormat(format, FORMAT));
    this.#isNew = false;
    this.#server = entity;
  }

  /**
   * A file is taken up with a value or a kept reply. Both may have the same one.
   * @returns whether it is taken up for the first time
   */
  takesUp({ file }: FilePayload): boolean {
    if (!this.#isInSession) this.#filesOfValues.add(file);
    const isNew = !this.#files.has(file);
    this.#files.add(file);
    return isNew;
  }

  /**
   * Every entity is taken up.
   * @throws RecordError if a job cannot be built from its records: a server that went on without it would lose it
   */
  run(inSteps: InSteps, contain: (act: () => void) => void): void {
    const unusable: unknown[] = [];
    const noting = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        if (recordOf(error) === undefined) throw error;
        unusable.push(error);
      }
    };
    inSteps(containedSteps(this.#finish(contain), noting));
    if (unusable.length > 0) throw unusable[0];
  }

  /** Every connection of before the restart has closed; sessions last (P15.3). */
  *#finish(contain: (act: () => void) => void): Steps {
    if (this.#isNew) this.#host.changes.put(this.#server.key, this.#server.fields);
    yield* this.#host.workspaces.restored(contain);
    yield* this.#host.leases.restored();
    yield* this.#host.sessions.restored((file) => this.#filesOfValues.has(file));
    this.#files.clear();
    this.#filesOfValues.clear();
  }
}

import { ChangeRecorder, UNRECORDED, type Changes } from '../store/change-recorder.ts';
import type { Change } from '../store/change.ts';
import type { LaterPieces } from './turns.ts';

/**
 * What the events of a server do to the state that survives it. Changes collect until they are taken, and are taken only
 * when no work that changes the state is half done (P14, D3).
 */
export class DurableWork {
  readonly #recorder: ChangeRecorder | undefined;
  /** The number of changes when the current event began. */
  #before = 0;
  /** Works that have changed the state and are not done. */
  #unfinished = 0;

  /** @param records whether the server has a store */
  constructor(records: boolean) {
    this.#recorder = records ? new ChangeRecorder() : undefined;
  }

  get changes(): Changes {
    return this.#recorder ?? UNRECORDED;
  }

  /** Whether the current event has read or changed the state, so its replies wait until that is durable. */
  get isTouched(): boolean {
    return this.#recorder?.isTouched ?? false;
  }

  /** An event begins. */
  begin(): void {
    if (this.#recorder === undefined) return;
    this.#recorder.isTouched = false;
    this.#before = this.#recorder.count;
  }

  /** @returns the changes since the last call; undefined while work that has changed the state is half done */
  take(): readonly Change[] | undefined {
    return this.#unfinished > 0 ? undefined : (this.#recorder?.take() ?? []);
  }

  /** Work that began in this event continues in later ones. */
  readonly outlasts = (): LaterPieces | undefined => {
    const recorder = this.#recorder;
    if (recorder === undefined || !recorder.isTouched) return undefined;
    let changes = false;
    const look = (): void => {
      if (changes || recorder.count === this.#before) return;
      changes = true;
      this.#unfinished++;
    };
    look();
    return {
      begin: () => recorder.read(),
      end: look,
      done: () => {
        if (changes) this.#unfinished--;
      },
    };
  };
}

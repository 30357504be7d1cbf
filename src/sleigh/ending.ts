import type { ActorRefFrom } from 'xstate';
import type { shutdownMachine } from '../machines/shutdown.ts';
import type { Sleigh } from './sleigh.ts';

/** The end of the job (S14, S15). */
export class Ending {
  readonly #sleigh: Sleigh;

  constructor(sleigh: Sleigh) {
    this.#sleigh = sleigh;
  }

  get chart(): ActorRefFrom<typeof shutdownMachine> {
    return this.#sleigh.child('shutdown');
  }
}

import type { World } from '../../world/world.ts';

/** The maximum milliseconds of a message between two processes of a host. */
const LONGEST_WAY_MS = 1;

/** One direction between two processes of a host: messages arrive a little later and in order. */
export class Mail {
  readonly #world: World;
  #last = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** @param late additional milliseconds */
  post(deliver: () => void, late = 0): void {
    const { agenda, random } = this.#world;
    this.#last = Math.max(this.#last, agenda.now + random.fraction() * LONGEST_WAY_MS + late);
    agenda.at(this.#last, deliver);
  }
}

import type { World } from '../../world/world.ts';

/** Milliseconds that a message takes between two processes of a host, at most. */
const LONGEST_WAY_MS = 1;

/** One way between two processes of a host: what is sent comes a little later, in its order. */
export class Mail {
  readonly #world: World;
  #last = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** @param late milliseconds that it takes beyond its way */
  post(deliver: () => void, late = 0): void {
    const { agenda, random } = this.#world;
    this.#last = Math.max(this.#last, agenda.now + random.fraction() * LONGEST_WAY_MS + late);
    agenda.at(this.#last, deliver);
  }
}

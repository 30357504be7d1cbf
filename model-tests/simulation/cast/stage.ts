import type { Fault } from '../../world/faults.ts';
import type { World } from '../../world/world.ts';
import { Player, type Part } from './player.ts';

const HARD: Fault[] = ['reset at a byte', 'reset at a time', 'silent peer', 'slow reader'];

/** The place of a simulation: creates clients, and gives them connections by the seed. */
export class Stage {
  readonly world: World;
  readonly players: Player[] = [];

  constructor(world: World) {
    this.world = world;
  }

  seconds(least: number, most: number): number {
    return 1_000 * (least + (most - least) * this.world.random.fraction());
  }

  /** @param frailty the probability that the connection is bad */
  enter(name: string, part: Part, frailty: number): Player {
    const player = new Player(this.world, name, part);
    this.players.push(player);
    if (!this.world.faults.over && this.world.random.chance(frailty)) this.#spoil(player);
    return player;
  }

  later(milliseconds: number, act: () => void): void {
    this.world.agenda.after(milliseconds, act);
  }

  #spoil(player: Player): void {
    const { random, faults } = this.world;
    const { link } = player;
    const fault = random.pick<Fault>('reset at a byte', ...HARD);
    if (!faults.may(fault)) return;
    if (fault === 'slow reader') {
      faults.note(fault);
      return link.readSlowly(random.whole(100, 5_000));
    }
    if (fault === 'reset at a byte') {
      link.onBreak = () => faults.note(fault);
      link.breaksAt = random.whole(0, 6_000);
      return;
    }
    this.later(this.seconds(0, 900), () => {
      if (link.isOver || faults.over) return;
      faults.note(fault);
      if (fault === 'silent peer') link.goSilent();
      else link.reset();
    });
  }
}

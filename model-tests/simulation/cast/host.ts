import type { Ledger, Plan } from './job.ts';
import { ask, isOk, sleep, type Entries, type Part, type Player } from './player.ts';
import type { Stage } from './stage.ts';
import { Memory, worker } from './worker.ts';

const SESSION = 'first';
/** Seconds within which a sentinel must report (S19). */
const REPORT_PERIOD = 10;

/** The processes that a sentinel starts, watches, and replaces if it supervises. */
export class Host {
  readonly #stage: Stage;
  readonly #plan: Plan;
  readonly #ledger: Ledger;
  readonly #number: number;
  readonly #workers: Player[] = [];
  readonly #memories: Memory[] = [];
  #isDown = false;
  #reports = 0;

  constructor(stage: Stage, plan: Plan, ledger: Ledger) {
    this.#stage = stage;
    this.#plan = plan;
    this.#ledger = ledger;
    this.#number = stage.players.length;
  }

  /** The session of its sentinel (S19). */
  get claims(): Entries {
    return this.#plan.isSupervised ? { session: `secret of ${this.#number}` } : {};
  }

  get workers(): readonly Player[] {
    return this.#workers;
  }

  begin(rank: number, name = SESSION, isReplacement = false): void {
    const session = this.#plan.reconnectGrace > 0 ? `${name} ${this.#memories.length}` : undefined;
    const memory = new Memory(rank, session, isReplacement);
    this.#memories.push(memory);
    this.#start(memory);
  }

  #start(memory: Memory): void {
    const { frailty, name, reconnectGrace, isSupervised } = this.#plan;
    const { random, faults } = this.#stage.world;
    const frailtyOfWorkers = reconnectGrace > 0 ? Math.min(2 * frailty, 0.8) : frailty;
    memory.mayBeDead ||= this.#isDown;
    const player = this.#stage.enter(
      `worker ${memory.rank} of ${name}`,
      worker(this.#stage, this.#plan, this.#ledger, memory),
      frailtyOfWorkers,
    );
    this.#workers.push(player);
    player.onLost = () => this.#isLost(memory);
    if (isSupervised && faults.may('worker crashes') && random.chance(0.3))
      this.#stage.later(this.#stage.seconds(0, 300), () => {
        if (player.isOver || !memory.hasRegistered || faults.over) return;
        faults.note('worker crashes');
        // Its sentinel may know of its end before the server does.
        if (random.chance(0.3)) this.#report(memory, false);
        player.link.reset();
      });
  }

  #isLost(memory: Memory): void {
    const { random } = this.#stage.world;
    const { reconnectGrace, isSupervised } = this.#plan;
    const processIsGone = isSupervised ? random.chance(0.7) : random.chance(0.15);
    if (memory.session === undefined || processIsGone) {
      if (isSupervised) this.#report(memory, true);
      return;
    }
    const soon = Math.min(reconnectGrace, 5);
    this.#stage.later(this.#stage.seconds(0, random.chance(0.8) ? soon : 1.2 * reconnectGrace), () =>
      this.#comesBack(memory),
    );
  }

  #comesBack(memory: Memory): void {
    if (this.#isDown) return;
    this.#stage.world.faults.note('worker comes back');
    this.#start(memory);
  }

  /** @param replaces whether it is replaced most of the time */
  #report(memory: Memory, replaces: boolean): void {
    const { random, faults } = this.#stage.world;
    memory.mayBeDead = true;
    const isLate = faults.may('report that is late') && random.chance(0.1);
    if (isLate) faults.note('report that is late');
    const delay = this.#stage.seconds(0, isLate ? 6 * REPORT_PERIOD : 3);
    this.#stage.later(delay, () => {
      if (!this.#isDown) this.#stage.enter('reporter of an end', this.#tell(memory, replaces), 0);
    });
  }

  *#tell(memory: Memory, replaces: boolean): Part {
    const { rank, hasRegistered, isReported } = memory;
    memory.isReported = true;
    const { random, faults } = this.#stage.world;
    const { name } = this.#plan;
    const used = yield* ask(['use ws', name, '', 'no', 'no']);
    if (!isOk(used)) return;
    const why = `${rank}.${this.#number}.${this.#reports++}`;
    // Only the replacement may show it.
    if (!isReported && random.chance(0.9)) {
      const task = random.pick('tried', 'untried', 'failed', 'declined');
      this.#ledger.reported(rank, why);
      yield* ask(['store', name, 'worker_dead', '1', String(rank)], { ...this.claims, task, why });
    }
    // A worker that has never registered is still expected.
    if (!replaces || (hasRegistered && random.chance(0.15))) return;
    yield* sleep(this.#stage.seconds(0, 20));
    const given = yield* ask(['fetch', name, 'worker_ids'], { ...this.claims, replaces: String(rank) });
    if (!isOk(given) || given.value !== String(rank)) return;
    faults.note('worker replaced');
    this.#ledger.replaced(rank);
    this.#stage.later(this.#stage.seconds(0, 10), () => {
      if (!this.#isDown) this.begin(rank, SESSION, true);
    });
  }

  /** A report that is refused without effect: for an unknown worker, or with invalid content (S19). */
  *reportNonsense(rank: number): Part {
    const { random, faults, wrongs } = this.#stage.world;
    const { name } = this.#plan;
    const used = yield* ask(['use ws', name, '', 'no', 'no']);
    if (!isOk(used)) return;
    const guess = { session: 'a guess' };
    const nonsense = random.pick<Entries>(
      guess,
      { ...this.claims, task: 'lost' },
      { ...this.claims, at: 'x' },
    );
    const told = yield* ask(['store', name, 'worker_dead', '1', String(rank)], nonsense);
    if (!faults.over) faults.note('refused report');
    if (isOk(told)) wrongs.push(`the report ${JSON.stringify(nonsense)} of rank ${rank} of ${name} is taken`);
  }

  /** Its sentinel has disconnected, or is about to. */
  goesDown(): void {
    this.#isDown = true;
    for (const memory of this.#memories) memory.mayBeDead = true;
  }
}

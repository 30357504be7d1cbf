import type { Cookie, Operation } from '../../src/verify/history/operation.ts';
import type { Random } from '../world/random.ts';
import { declaration } from './random-history.ts';
import { effectOf, EMPTY, type Effect, type ReferenceMode, type State } from './reference.ts';

const GETS = ['fetch', 'find', 'fetchTry', 'findTry', 'fetch'] as const;
const ITERATED = ['ifind', 'ifindTry'] as const;
/** Longer than a value must be there before a get that still waits is called forgotten. */
const LONG_AFTER_MS = 10_000;

interface Turn {
  readonly operation: Operation;
  /** Undefined before it takes effect; `blocked` while it waits at the server. */
  effect: Effect['result'] | 'blocked' | undefined;
  blockedAt: number;
}

interface Actor {
  who: string;
  turn: Turn | undefined;
  cookie: Cookie | undefined;
}

interface ScheduleOptions {
  readonly requests: number;
  readonly actors?: number;
  /** Clients vanish, the variable is deleted, the server begins again. */
  readonly isRough: boolean;
}

/** What clients see of a variable that is right, in a random order of requests, effects and replies. */
export class Schedule {
  readonly operations: Operation[];
  readonly #mode: ReferenceMode;
  readonly #random: Random;
  readonly #actors: Actor[];
  readonly #isRough: boolean;
  #state: State = EMPTY;
  #time = 1;
  #values = 0;
  #clients = 0;
  #lives = 1;
  #left: number;

  constructor(mode: ReferenceMode, random: Random, { requests, actors = 5, isRough }: ScheduleOptions) {
    this.#mode = mode;
    this.#random = random;
    this.#isRough = isRough;
    this.#left = requests;
    this.operations = [declaration(mode)];
    this.#actors = Array.from({ length: actors }, () => this.#newcomer());
  }

  #newcomer(): Actor {
    return { who: `client ${++this.#clients}`, turn: undefined, cookie: undefined };
  }

  static run(mode: ReferenceMode, random: Random, options: ScheduleOptions): Operation[] {
    const schedule = new Schedule(mode, random, options);
    while (schedule.#left > 0) schedule.#step();
    schedule.#settle();
    return schedule.operations;
  }

  #step(): void {
    this.#time += this.#random.fraction();
    // If everybody waits, somebody must come who may store.
    if (this.#actors.every(({ turn }) => turn?.effect === 'blocked')) this.#actors.push(this.#newcomer());
    const actor = this.#actors[this.#random.whole(0, this.#actors.length - 1)];
    if (actor === undefined) return;
    if (this.#isRough && this.#random.chance(0.02)) return this.#vanish(actor);
    if (this.#isRough && this.#random.chance(0.005)) return this.#startAgain();
    const { turn } = actor;
    if (turn === undefined) this.#request(actor);
    else if (turn.effect === undefined) this.#takeEffect(turn);
    else if (turn.effect !== 'blocked') this.#reply(actor, turn);
  }

  #request(actor: Actor): void {
    this.#left--;
    const isStore = this.#random.chance(0.5);
    const isIterated = this.#mode === 'fifo' && this.#random.chance(0.2) && actor.cookie !== undefined;
    const verb = isStore ? 'store' : isIterated ? this.#random.pick(...ITERATED) : this.#random.pick(...GETS);
    const operation: Operation = {
      who: actor.who,
      verb,
      workspace: 'w',
      variable: 'v',
      ...(isStore && { value: `v${++this.#values}` }),
      ...(isIterated && !isStore && actor.cookie !== undefined && { after: actor.cookie }),
      invoked: this.#time,
    };
    actor.turn = { operation, effect: undefined, blockedAt: 0 };
  }

  #takeEffect(turn: Turn): void {
    const { verb, value, after } = turn.operation;
    const waits = !verb.endsWith('Try');
    // The id of a variable that has been deleted is no use (V10): the get is refused, and changes nothing.
    const isOld = after !== undefined && after.id !== this.#id;
    const { state, result } = isOld
      ? ({ state: this.#state, result: 'none' } as const)
      : effectOf(this.#mode, this.#state, {
          verb,
          ...(value !== undefined && { value }),
          ...(after !== undefined && { after: after.index }),
        });
    turn.effect = result === 'none' && waits && !isOld ? 'blocked' : result;
    turn.blockedAt = this.#time;
    this.#state = state;
    if (result === 'stored') this.#serve();
  }

  /** V5: every find that waits, then the fetch that has waited longest. */
  #serve(): void {
    const blocked = this.#actors.flatMap(({ turn }) => (turn?.effect === 'blocked' ? [turn] : []));
    const served = [
      ...blocked.filter(({ operation: { verb } }) => !verb.includes('fetch')),
      ...blocked
        .filter(({ operation: { verb } }) => verb.includes('fetch'))
        .toSorted((one, other) => one.blockedAt - other.blockedAt),
    ];
    for (const turn of served) {
      const { state, result } = effectOf(this.#mode, this.#state, { verb: turn.operation.verb });
      // Clients that wait when a value arrives get this value.
      if (turn.operation.after !== undefined) {
        const newest = this.#state.values.at(-1);
        if (newest !== undefined) turn.effect = newest;
      } else if (result !== 'none') {
        turn.effect = result;
        this.#state = state;
      }
    }
  }

  get #id(): string {
    return `variable ${this.#lives}`;
  }

  #reply(actor: Actor, { operation, effect }: Turn): void {
    actor.turn = undefined;
    const isOld = operation.after !== undefined && operation.after.id !== this.#id;
    const cookie = typeof effect === 'object' ? { id: this.#id, index: effect.number } : undefined;
    const reply =
      effect === 'stored'
        ? { status: '0000' }
        : typeof effect === 'object'
          ? { status: '0000', value: effect.value, ...(cookie !== undefined && { cookie }) }
          : { status: '0001', reason: isOld ? 'Variable id mismatch.' : 'no value available' };
    if (cookie !== undefined) actor.cookie = cookie;
    this.operations.push({ ...operation, replied: this.#time, reply });
  }

  /** A client closes its connection. Its requests are carried out or not; it gets no further reply. */
  #vanish(actor: Actor): void {
    const { turn, who } = actor;
    if (turn?.effect === undefined && turn !== undefined && this.#random.chance(0.5)) this.#takeEffect(turn);
    if (turn !== undefined) this.operations.push(turn.operation);
    this.operations.push({ who, verb: 'close', invoked: this.#time });
    Object.assign(actor, this.#newcomer());
  }

  /** All clients lose their connection, and no value is kept; or only the variable is deleted. */
  #startAgain(): void {
    const invoked = this.#time;
    for (const actor of this.#actors)
      if (actor.turn !== undefined || this.#random.chance(0.5)) this.#vanish(actor);
    this.#time++;
    this.#state = EMPTY;
    this.#lives++;
    const isRestart = this.#random.chance(0.5);
    if (isRestart) this.operations.push({ who: '', verb: 'restart', invoked, replied: this.#time });
    else
      this.operations.push({
        who: 'first',
        verb: 'delete var',
        workspace: 'w',
        variable: 'v',
        invoked,
        replied: this.#time,
        reply: { status: '0000' },
      });
    this.#time++;
  }

  /** Every client gets its reply if possible, and the others wait for a long time. */
  #settle(): void {
    for (const actor of this.#actors) {
      const { turn } = actor;
      this.#time++;
      if (turn?.effect === undefined && turn !== undefined) this.#takeEffect(turn);
    }
    for (const actor of this.#actors) {
      this.#time++;
      if (actor.turn !== undefined && actor.turn.effect !== 'blocked') this.#reply(actor, actor.turn);
      else if (actor.turn !== undefined) this.operations.push(actor.turn.operation);
    }
    this.operations.push({ who: '', verb: 'end', invoked: this.#time + LONG_AFTER_MS });
  }
}

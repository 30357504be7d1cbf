import type { AnyStateMachine } from 'xstate';
import { CHARTS } from '../charts/pages.ts';
import { detailOf } from '../actors/detail.ts';
import { BEGINNING, STOPPED } from '../actors/step-catalog.ts';
import { TraceCheck } from '../trace/check.ts';
import type { TraceStep } from '../trace/step.ts';
import { moveOf } from './moves.ts';
import type { StoryEntry } from './types.ts';

/** A step without its time and the data of its event. Equal ones are stored once. */
type Kind = Pick<StoryEntry, 'event' | 'before' | 'after' | 'move' | 'clause' | 'description'> & {
  readonly hasStopped: boolean;
};

/** One actor of a trace. */
export interface RecordedActor {
  /** The id, such as `worker.3`. */
  readonly id: string;
  readonly chart: string;
  /** The numbers of its steps, in order. */
  readonly steps: number[];
}

/** A sleigh or a connection of a trace. Several may have had the same name, one after the other. */
export interface Scope {
  readonly name: string;
  readonly actors: Map<string, RecordedActor>;
  /** The numbers of its first and last step. */
  readonly first: number;
  last: number;
}

/**
 * A whole trace in little memory. Steps are numbered from 1; position n is after step n, and 0 is before the first
 * step.
 */
export class Recording {
  readonly scopes = new Map<string, Scope>();
  /** The first step that its machine does not allow. */
  violation: { readonly step: number; readonly reason: string } | undefined;
  readonly #times: number[] = [];
  readonly #kinds: Kind[] = [];
  readonly #details: string[] = [];
  /** The context of the actor after each step; undefined if it is not known. */
  readonly #contexts: unknown[] = [];
  readonly #kindOf = new Map<string, Kind>();
  readonly #check: TraceCheck;
  readonly #machines: ReadonlyMap<string, AnyStateMachine>;
  /** The latest scope of each name in the trace, and how many scopes have had the name. */
  readonly #current = new Map<string, { readonly scope: Scope; readonly count: number }>();
  /** Actors whose steps have violated their machine, so that their context is not known. */
  readonly #lost = new WeakSet<RecordedActor>();

  /** @param policies machines that plugins bring */
  constructor(policies: readonly AnyStateMachine[] = []) {
    this.#check = new TraceCheck(policies);
    this.#machines = new Map(
      [...policies, ...CHARTS.map(({ machine }) => machine)].map((machine) => [machine.id, machine]),
    );
  }

  get length(): number {
    return this.#times.length;
  }

  machineOf(chart: string): AnyStateMachine | undefined {
    return this.#machines.get(chart);
  }

  time(step: number): number {
    return this.#times[step - 1] ?? 0;
  }

  add(step: TraceStep): void {
    const number = this.length + 1;
    const scope = this.#scopeOf(step, number);
    let actor = scope.actors.get(step.actor);
    if (actor === undefined)
      scope.actors.set(step.actor, (actor = { id: step.actor, chart: step.chart, steps: [] }));
    scope.last = number;
    actor.steps.push(number);
    this.#times.push(step.time);
    this.#kinds.push(this.#kindFor(step));
    this.#details.push(detailOf(step.event.type === BEGINNING ? inputOf(step) : step.event));
    this.#contexts.push(this.#follow(step, actor, number));
  }

  /** @returns the context after the step, while the actor follows its machine */
  #follow(step: TraceStep, actor: RecordedActor, number: number): unknown {
    if (this.#lost.has(actor)) return undefined;
    const violation = this.#check.step(step);
    if (violation === undefined) return this.#check.snapshotOf(step)?.context;
    this.#lost.add(actor);
    this.violation ??= { step: number, reason: violation.reason };
    return undefined;
  }

  #scopeOf({ scope: name, actor, event }: TraceStep, number: number): Scope {
    const current = this.#current.get(name);
    // An actor that begins again belongs to another sleigh of the same name.
    const isAnother = event.type === BEGINNING && current?.scope.actors.has(actor) === true;
    if (current !== undefined && !isAnother) return current.scope;
    const count = (current?.count ?? 0) + 1;
    const full = count === 1 ? name : `${name} (${count})`;
    const scope: Scope = { name: full, actors: new Map(), first: number, last: number };
    this.#current.set(name, { scope, count });
    this.scopes.set(full, scope);
    return scope;
  }

  #kindFor({ chart, event: { type }, before, after, clause, description = '' }: TraceStep): Kind {
    const key = [chart, type, before, after, clause, description].join('\n');
    let kind = this.#kindOf.get(key);
    if (kind !== undefined) return kind;
    const found = moveOf(this.machineOf(chart), { event: type, before, after, clause, description });
    kind = {
      event: found?.event ?? type,
      before,
      after,
      clause,
      description,
      move: found?.move,
      hasStopped: type === STOPPED,
    };
    this.#kindOf.set(key, kind);
    return kind;
  }

  /** The number of steps that an actor had taken at position `at`. */
  taken({ steps }: RecordedActor, at: number): number {
    let [least, most] = [0, steps.length];
    while (least < most) {
      const middle = (least + most) >> 1;
      if ((steps[middle] ?? Infinity) <= at) least = middle + 1;
      else most = middle;
    }
    return least;
  }

  /** @returns undefined if it had not begun */
  stateAt(actor: RecordedActor, at: number): Moment | undefined {
    const step = actor.steps[this.taken(actor, at) - 1];
    const kind = step === undefined ? undefined : this.#kinds[step - 1];
    if (step === undefined || kind === undefined) return undefined;
    const { after: state, hasStopped } = kind;
    return { step, state, hasStopped, context: this.#contexts[step - 1] };
  }

  entry(step: number): StoryEntry {
    const kind = this.#kinds[step - 1];
    if (kind === undefined) throw new RangeError(`the trace has no step ${step}`);
    const { event, before, after, move, clause, description } = kind;
    return {
      time: this.time(step),
      event,
      detail: this.#details[step - 1] ?? '',
      before,
      after,
      move,
      clause,
      description,
    };
  }
}

/** The state of an actor after some step. */
export interface Moment {
  /** The number of its last step so far. */
  readonly step: number;
  readonly state: string;
  readonly hasStopped: boolean;
  /** Undefined if it is not known. */
  readonly context: unknown;
}

const inputOf = ({ event: { input } }: TraceStep): Record<string, unknown> =>
  typeof input === 'object' && input !== null ? { ...input } : {};

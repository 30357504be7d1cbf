/**
 * How the actors of this server run. There is one for each connection and each worker, so the cost of an event in them
 * is the cost of a job. XState's interpreter takes 6 to 20 µs for an event, and its actor uses two KiB.
 *
 * - `compiled.ts` compiles a machine to logic whose transitions are read from a table. XState's actors can run it.
 * - `CompiledActor` runs the same table with a quarter of the memory: `actorOf` creates one.
 * - `story.ts` keeps the last steps of each actor, and how many actors are in each state.
 * - `xstate-internals.ts` contains all use of XState's private parts.
 *
 * The table supports a subset of statecharts. `compiled` refuses the rest with an error that names the state and the
 * feature, so that no machine silently becomes slow or wrong:
 *
 * - Supported: atomic and compound states, tags, final states at the top level with output; transitions to one target or
 *   none, to the own state, entering it again or not; forbidden events, wildcards (`*`, `a.*`); guards with `and`, `or`
 *   and `not`; actions of the machine's own, `assign`, and `sendTo`, `sendParent` and `forwardTo` without a delay;
 *   parameters of guards and actions, static or computed; initial transitions with actions.
 * - Supported only by XState, once for each actor: its start, so the `entry` and `invoke` of the root may do anything
 *   there; and its end. `actorOf` refuses a root that spawns, invokes, assigns or sends.
 * - Refused: parallel states, history, `after` and other delays, `always`, `onDone` of states, `invoke` below the root,
 *   several targets, a transition that enters the root again, the guard `stateIn`, and the actions `raise`, `emit`,
 *   `log`, `cancel`, `spawnChild`, `stopChild` and `enqueueActions`. Names without an implementation are refused, too.
 *
 * Why, and when all this can go: docs/decisions/0004-compiled-transitions.md.
 */
import {
  createActor,
  type ActorOptions,
  type AnyActorRef,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventFrom,
  type InputFrom,
  type MachineContext,
  type SnapshotFrom,
  type StateValue,
} from 'xstate';
import type { CompiledState } from './compiled-state.ts';
import { tableOf, type Table } from './compiled.ts';
import { beginStory, type Story } from './story.ts';
import {
  doneEvent,
  errorEvent,
  INIT_EVENT,
  initialContext,
  isChildError,
  Reference,
  type Acting,
} from './xstate-internals.ts';

/** The part of an actor that views read. */
export interface Actor {
  readonly id: string;
  getSnapshot(): AnyMachineSnapshot;
}

/** An actor of that machine; XState's `ActorRefFrom` is one, too. */
export interface ActorOf<Machine extends AnyStateMachine> extends Actor {
  start(): unknown;
  send(event: EventFrom<Machine>): void;
  getSnapshot(): SnapshotFrom<Machine>;
}

/** Everything about an actor that survives its server. */
export interface ActorState {
  readonly value: StateValue;
  readonly context: MachineContext;
}

interface Origin<Machine extends AnyStateMachine> {
  readonly id: string;
  readonly input: InputFrom<Machine>;
  /** Notified when the actor is done, and when it has failed. */
  readonly parent?: AnyActorRef;
  /**
   * The state of an earlier actor of the same machine, which this one continues. It has begun already: its start runs
   * no actions.
   */
  readonly restored?: ActorState | undefined;
  /** Called when an event has changed the state or the context. */
  readonly changed?: (() => void) | undefined;
  /** Called when the actor has failed. */
  readonly failed?: ((error: unknown) => void) | undefined;
  readonly inspect?: ActorOptions<Machine>['inspect'];
}

/**
 * @param machine a compiled one gets a compiled actor; any other one gets an actor of XState
 * @returns an actor that has not been started
 * @throws NotCompilableError when a compiled machine starts with other actions than its own
 */
export function actorOf<Machine extends AnyStateMachine>(
  machine: Machine,
  { failed, changed, restored, ...origin }: Origin<Machine>,
): ActorOf<Machine> {
  const table = tableOf(machine);
  if (table !== undefined) {
    const { parent } = origin;
    if (parent === undefined)
      throw new Error(`The actor "${origin.id}" of a compiled machine needs a \`parent\`, got none.`);
    return new CompiledActor<Machine>(table, { ...origin, parent, failed, changed, restored });
  }
  const snapshot = restored && machine.resolveState(restored);
  const actor = createActor(machine, { ...origin, snapshot } as ActorOptions<Machine>);
  if (failed !== undefined) actor.subscribe({ error: failed });
  if (changed !== undefined) onChange(actor, changed);
  return actor;
}

/** Calls a function when an event has changed the state or the context of an actor that XState runs. */
export function onChange(actor: AnyActorRef, changed: () => void): void {
  let last: unknown = actor.getSnapshot();
  const next = (snapshot: unknown): void => {
    if (snapshot !== last) changed();
    last = snapshot;
  };
  // Without `error`, XState throws the error of the actor although others are told of it.
  actor.subscribe({ next, error: () => undefined });
}

/** Whether the state of an actor has that tag. Connections are asked several times for each message. */
export const hasTag = <Tag extends string>(
  actor: { getSnapshot(): { hasTag(tag: Tag): boolean } },
  tag: Tag,
): boolean => (actor instanceof CompiledActor ? actor.hasTag(tag) : actor.getSnapshot().hasTag(tag));

/** Behaves like an actor of XState, as far as compiled machines need it. It has no children. */
export class CompiledActor<Machine extends AnyStateMachine>
  extends Reference
  implements ActorOf<Machine>, Acting
{
  readonly id: string;
  readonly parent: AnyActorRef;
  readonly story: Story | undefined;
  readonly #table: Table;
  readonly #failed: ((error: unknown) => void) | undefined;
  readonly #changed: (() => void) | undefined;
  #state: CompiledState;
  #context: MachineContext;
  /** Its last snapshot. */
  #end: AnyMachineSnapshot | undefined;
  #phase: 'created' | 'idle' | 'taking' | 'ended' = 'created';
  /** Events that arrived before it was started, or while it handled another event. */
  #events: AnyEventObject[] | undefined;
  /** Functions to call when the transition is over. */
  #deferred: (() => void)[] | undefined;

  constructor(table: Table, origin: Origin<Machine> & { parent: AnyActorRef }) {
    super();
    const { id, input, parent, restored } = origin;
    this.id = id;
    this.parent = parent;
    this.#table = table;
    this.#failed = origin.failed;
    this.#changed = origin.changed;
    this.#state = restored === undefined ? table.beginning.state : table.stateAt(restored.value);
    this.#context = restored?.context ?? initialContext(table.machine, input, this.self);
    if (restored !== undefined) this.#resume();
    this.story = table.catalog && beginStory(table.catalog, this, this.#state.leaf, { input, restored });
  }

  #resume(): void {
    const isOver = this.#state.leaf.type === 'final';
    this.#phase = isOver ? 'ended' : 'idle';
    if (isOver) this.#end = this.#state.whole(this.#context);
  }

  get system(): AnyActorRef['system'] {
    return this.parent.system;
  }
  child(): undefined {
    return undefined;
  }

  getSnapshot(): SnapshotFrom<Machine> {
    return (this.#end ?? this.#state.snapshot(this.#context)) as SnapshotFrom<Machine>;
  }

  /** As in its snapshot, without creating one. */
  hasTag(tag: string): boolean {
    return (this.#end ?? this.#state).tags.has(tag);
  }

  start(): this {
    if (this.#phase !== 'created') return this;
    this.#take({ type: INIT_EVENT });
    this.#takeRest();
    return this;
  }

  send(event: EventFrom<Machine>): void {
    if (this.#phase === 'ended') return;
    if (this.#phase !== 'idle') return void (this.#events ??= []).push(event);
    this.#take(event);
    if (this.#events !== undefined) this.#takeRest();
  }

  defer(act: () => void): void {
    (this.#deferred ??= []).push(act);
  }

  #takeRest(): void {
    while (this.#phase === 'idle') {
      const event = this.#events?.shift();
      if (event === undefined) break;
      this.#take(event);
    }
    this.#events = undefined;
  }

  #take(event: AnyEventObject): void {
    const isBeginning = this.#phase === 'created';
    const [state, context] = [this.#state, this.#context];
    this.#phase = 'taking';
    try {
      const step = isBeginning ? this.#table.beginning.step : this.#state.step(this.#context, event);
      this.#context = step.take(this.#context, event, this, this.story);
      if (step.target !== undefined) this.#state = step.target;
      if (step.isLast) this.#end = this.#table.end(this.#state, this.#context, event, this);
      else if (step.isNone && isChildError(event)) throw event['error'];
    } catch (error) {
      return this.#fail(error);
    }
    if (state !== this.#state || context !== this.#context) this.#changed?.();
    if (this.#deferred !== undefined) this.#doDeferred();
    if (this.#end === undefined) {
      this.#phase = 'idle';
      return;
    }
    this.#phase = 'ended';
    this.parent.send(doneEvent(this.id, this.#end.output));
  }

  #fail(error: unknown): void {
    this.#end = { ...this.#state.whole(this.#context), status: 'error', error };
    this.#phase = 'ended';
    this.#failed?.(error);
    this.parent.send(errorEvent(this.id, error));
  }

  #doDeferred(): void {
    const acts = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const act of acts) act();
  }
}

/**
 * An actor of a machine. That of a compiled one is as small as it can be: there is one for each connection and each
 * worker, and what a task touches of them is what it costs once there are many. XState's own, which serve all other
 * machines and whoever traces, take two KiB each before they have done anything.
 */
import {
  createActor,
  type ActorOptions,
  type AnyActorRef,
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventFrom,
  type InputFrom,
  type MachineContext,
  type SnapshotFrom,
} from 'xstate';
import { cannotSpawn, type Acting } from './compiled-actions.ts';
import { placeOf, tableOf, type Table } from './compiled.ts';
import type { CompiledState } from './compiled-state.ts';
import { beginStory, leafOf, type Story } from './story.ts';
import { BEGINNING } from './step-catalog.ts';

/** What one needs to know of an actor to look at it. */
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

interface Origin<Machine extends AnyStateMachine> {
  readonly id: string;
  readonly input: InputFrom<Machine>;
  /** Told when it is done, and when it has failed. */
  readonly parent?: AnyActorRef;
  /** Told when it has failed. */
  readonly failed?: ((error: unknown) => void) | undefined;
  readonly inspect?: ActorOptions<Machine>['inspect'];
}

/** @returns one that is yet to be started */
export function actorOf<Machine extends AnyStateMachine>(
  machine: Machine,
  { failed, ...origin }: Origin<Machine>,
): ActorOf<Machine> {
  const { id, input, parent } = origin;
  const table = tableOf(machine);
  const place = table?.beginning;
  if (table !== undefined && place !== undefined && parent !== undefined)
    return new CompiledActor<Machine>(table, place, { id, input, parent, failed });
  const actor = createActor(machine, origin as ActorOptions<Machine>);
  if (failed !== undefined) actor.subscribe({ error: failed });
  return actor;
}

/** Whether the state that an actor is in has that tag: asked of connections several times a message. */
export const hasTag = <Tag extends string>(
  actor: { getSnapshot(): { hasTag(tag: Tag): boolean } },
  tag: Tag,
): boolean => (actor instanceof CompiledActor ? actor.hasTag(tag) : actor.getSnapshot().hasTag(tag));

/** Does what XState's actor does, as far as the machines of tables ask for it. */
export class CompiledActor<Machine extends AnyStateMachine> implements ActorOf<Machine>, Acting {
  readonly id: string;
  readonly _parent: AnyActorRef;
  readonly story: Story | undefined;
  readonly #table: Table;
  readonly #failed: ((error: unknown) => void) | undefined;
  #place: CompiledState;
  #context: MachineContext;
  /** Its last snapshot. */
  #end: AnyMachineSnapshot | undefined;
  #phase: 'created' | 'idle' | 'taking' | 'ended' = 'created';
  /** Events that came before it was started, or while it was taking another one. */
  #events: AnyEventObject[] | undefined;
  /** What is to be done when a transition is over. */
  #deferred: (() => void)[] | undefined;

  constructor(
    table: Table,
    place: CompiledState,
    { id, input, parent, failed }: Origin<Machine> & { parent: AnyActorRef },
  ) {
    this.id = id;
    this._parent = parent;
    this.#table = table;
    this.#failed = failed;
    this.#place = place;
    const { context = {} } = table.machine.config;
    this.#context = typeof context === 'function' ? context({ input, spawn: cannotSpawn }) : context;
    this.story = table.teller && beginStory(table.teller, this, place.leaf, input);
  }

  /** As XState's functions know it, which ask no more of it than there is. */
  get self(): AnyActorRef {
    return this as unknown as AnyActorRef;
  }
  get system(): AnyActorRef['system'] {
    return this._parent.system;
  }

  getSnapshot(): SnapshotFrom<Machine> {
    return (this.#end ?? this.#place.snapshot(this.#context)) as SnapshotFrom<Machine>;
  }

  /** As its snapshot says, without making one. */
  hasTag(tag: string): boolean {
    return (this.#end ?? this.#place).tags.has(tag);
  }

  start(): this {
    if (this.#phase !== 'created') return this;
    this.#take({ type: BEGINNING });
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
    this.#phase = 'taking';
    try {
      const step = this.#table.step(this.#place.leaf, this.#context, event, this);
      if (step === undefined) this.#interpret(event);
      else {
        this.#context = step.take(this.#context, event, this);
        this.#place = step.target ?? this.#place;
        if (step.isLast) this.#end = this.#place.whole(this.#context);
      }
    } catch (error) {
      return this.#fail(error);
    }
    if (this.#deferred !== undefined) this.#doDeferred();
    this.#phase = this.#end === undefined ? 'idle' : 'ended';
    if (this.#end === undefined) return;
    const { output } = this.#end;
    this._parent.send({ type: `xstate.done.actor.${this.id}`, output, actorId: this.id });
  }

  #interpret(event: AnyEventObject): void {
    const next: AnyMachineSnapshot = this.#table.interpret(
      this.#place.whole(this.#context),
      event,
      this.#scope,
    );
    const leaf = leafOf(next);
    if (next.status !== 'active' || leaf === undefined) this.#end = next;
    else {
      this.#context = next.context;
      this.#place = placeOf(this.#table.machine, leaf);
    }
  }

  #fail(error: unknown): void {
    this.#end = { ...this.#place.whole(this.#context), status: 'error', error };
    this.#phase = 'ended';
    this.#failed?.(error);
    this._parent.send({ type: `xstate.error.actor.${this.id}`, error, actorId: this.id });
  }

  #doDeferred(): void {
    const acts = this.#deferred ?? [];
    this.#deferred = undefined;
    for (const act of acts) act();
  }

  get #scope(): AnyActorScope {
    return {
      self: this.self,
      system: this.system,
      id: this.id,
      sessionId: this.id,
      logger: console.log,
      defer: (act) => this.defer(act),
      emit: () => undefined,
      stopChild: () => undefined,
      actionExecutor: ({ exec, info, params }) => exec?.(info, params),
    };
  }
}

/**
 * All use of XState's private parts in the compiled layer. Nothing here is in XState's documentation, so any new
 * version may change it. No other file of this folder uses such a part. Each assumption is one test of
 * test/actors/xstate-internals.test.ts, whose name says what breaks. The public parts that other files use are the
 * structure of a machine (`root`, `states`, `transitions`, `entry`, `exit`, …), the snapshots' public fields, and the
 * functions of the `xstate` package.
 */
import {
  and,
  matchesState,
  not,
  or,
  stateIn,
  type AnyActorRef,
  type AnyActorScope,
  type AnyEventObject,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
  type AnyTransitionDefinition,
  type MachineContext,
} from 'xstate';

/** The event that XState starts an actor with. */
export const INIT_EVENT = 'xstate.init';
/** The event that XState stops the children of an actor with when that actor ends. */
export const STOP_EVENT = 'xstate.stop';
/** An actor without a transition for this event of a child fails with the child's error. */
const ERROR_EVENT = 'xstate.error.actor';

export const isChildError = ({ type }: AnyEventObject): boolean => type.startsWith(ERROR_EVENT);

/** The event that a parent receives at the end of a child. */
export const doneEvent = (actorId: string, output: unknown): AnyEventObject => ({
  type: `xstate.done.actor.${actorId}`,
  output,
  actorId,
});

/** The event that a parent receives when a child fails. */
export const errorEvent = (actorId: string, error: unknown): AnyEventObject => ({
  type: `${ERROR_EVENT}.${actorId}`,
  error,
  actorId,
});

/** What the output of a machine is computed from. @param output of the final state */
export const doneStateEvent = (stateId: string, output: unknown): AnyEventObject => ({
  type: `xstate.done.state.${stateId}`,
  output,
});

/** The system of actors that can send events to each other. */
export type ActorSystem = AnyActorRef['system'];

const optionOf = (actor: AnyActorRef, name: string): unknown => {
  const options: unknown = Reflect.get(actor, 'options');
  return typeof options === 'object' && options !== null ? Reflect.get(options, name) : undefined;
};

/** @returns the input of an actor that XState runs */
export const inputOf = (actor: AnyActorRef): Readonly<Record<string, unknown>> | undefined => {
  const input = optionOf(actor, 'input');
  return isRecord(input) ? input : undefined;
};
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Whether an actor that XState runs continues an earlier one. */
export const isRestored = (actor: AnyActorRef): boolean => optionOf(actor, 'snapshot') !== undefined;

/** The part of an actor that actions use while it processes an event. */
export interface Acting {
  readonly self: AnyActorRef;
  readonly system: AnyActorRef['system'];
  readonly parent: AnyActorRef | undefined;
  child(id: string): AnyActorRef | undefined;
  /** Calls a function when the actor is in its new state. */
  defer(act: () => void): void;
}

/** The same for an actor that XState runs. */
export class ScopeActing implements Acting {
  readonly #scope: AnyActorScope;
  readonly #snapshot: AnyMachineSnapshot;

  constructor(scope: AnyActorScope, snapshot: AnyMachineSnapshot) {
    this.#scope = scope;
    this.#snapshot = snapshot;
  }

  get self(): AnyActorRef {
    return this.#scope.self;
  }
  get system(): AnyActorRef['system'] {
    return this.#scope.system;
  }
  get parent(): AnyActorRef | undefined {
    return this.#scope.self._parent;
  }
  child(id: string): AnyActorRef | undefined {
    return childrenOf(this.#snapshot)[id];
  }
  defer(act: () => void): void {
    this.#scope.defer(act);
  }
}

const childrenOf = ({ children }: AnyMachineSnapshot): Record<string, AnyActorRef | undefined> => children;

/** The members that XState's actors use of an actor that they send to or observe, beyond the public ones. */
export abstract class Reference {
  abstract readonly parent: AnyActorRef;
  abstract send(event: AnyEventObject): void;

  get _parent(): AnyActorRef {
    return this.parent;
  }
  _send(event: AnyEventObject): void {
    this.send(event);
  }
  /** Typed for XState's functions, which use only the members above. */
  get self(): AnyActorRef {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the members that XState uses are above
    return this as unknown as AnyActorRef;
  }
}

type Logic = Pick<AnyStateMachine, 'transition' | 'getInitialSnapshot'> & {
  start(snapshot: AnyMachineSnapshot, scope: AnyActorScope): void;
};

/**
 * Actor logic that wraps a machine without changing it.
 * @returns logic that behaves like the machine, except for the members of `own`
 */
export function wrapped<Machine extends AnyStateMachine>(machine: Machine, own: Partial<Logic>): Machine {
  // XState accepts as a machine any object that has its fields, also by inheritance.
  const logic: Machine = Object.create(machine);
  return Object.assign(logic, own);
}

/** @returns the context of a new actor */
export function initialContext(
  { config }: AnyStateMachine,
  input: unknown,
  self: AnyActorRef,
): MachineContext {
  const { context = {} } = config;
  return typeof context === 'function' ? context({ input, self, spawn: cannotSpawn }) : context;
}

export const cannotSpawn = (): never => {
  throw new Error(
    'A compiled machine cannot spawn in `assign` or `context`; spawn in the `entry` of its root, or do not compile it.',
  );
};

/** The innermost state that an actor is in. */
export const leafOf = ({ _nodes }: AnyMachineSnapshot): AnyStateNode | undefined => _nodes.find(isLeaf);
const isLeaf = ({ type }: AnyStateNode): boolean => type === 'atomic' || type === 'final';

/** @returns the transition of an event from the innermost state or an outer one, if there is one */
export const takenTransition = (
  machine: AnyStateMachine,
  snapshot: AnyMachineSnapshot,
  event: AnyEventObject,
): AnyTransitionDefinition | undefined => machine.getTransitionData(snapshot, event)[0];

/** @returns that snapshot, moved to a state. @param state any snapshot of the state */
export const movedTo = (
  snapshot: AnyMachineSnapshot,
  { value, tags, _nodes }: Pick<AnyMachineSnapshot, 'value' | 'tags' | '_nodes'>,
  context: MachineContext,
): AnyMachineSnapshot => ({ ...snapshot, value, tags, _nodes, context });

type Common<Name extends keyof AnyMachineSnapshot> = AnyMachineSnapshot[Name];

/** Has all the fields of XState's snapshots, and shares all but the context. */
export class Snapshot {
  readonly context: MachineContext;
  readonly #common: AnyMachineSnapshot;

  /** @param common a snapshot of XState in the same state */
  constructor(common: AnyMachineSnapshot, context: MachineContext) {
    this.#common = common;
    this.context = context;
  }

  get value(): Common<'value'> {
    return this.#common.value;
  }
  get tags(): Common<'tags'> {
    return this.#common.tags;
  }
  get status(): Common<'status'> {
    return this.#common.status;
  }
  get output(): Common<'output'> {
    return this.#common.output;
  }
  get error(): Common<'error'> {
    return this.#common.error;
  }
  get machine(): Common<'machine'> {
    return this.#common.machine;
  }
  get children(): Common<'children'> {
    return this.#common.children;
  }
  get historyValue(): Common<'historyValue'> {
    return this.#common.historyValue;
  }
  get _nodes(): Common<'_nodes'> {
    return this.#common._nodes;
  }

  hasTag(tag: string): boolean {
    return this.tags.has(tag);
  }
  matches(value: Parameters<typeof matchesState>[0]): boolean {
    return matchesState(value, this.value);
  }
  can(event: Parameters<Common<'can'>>[0]): boolean {
    return this.#whole.can(event);
  }
  getMeta(): ReturnType<Common<'getMeta'>> {
    return this.#whole.getMeta();
  }
  toJSON(): unknown {
    return this.#whole.toJSON();
  }

  get #whole(): AnyMachineSnapshot {
    return { ...this.#common, context: this.context };
  }
}

/** A function of a machine, with the additional fields of XState's own functions. */
export type Implementation = ((...args: unknown[]) => unknown) & Readonly<Record<string, unknown>>;
const isFunction = (found: unknown): found is Implementation => typeof found === 'function';

/** Static parameters, or a function that computes them. */
export type Params = unknown;

/** An action of XState that is not compiled, or a name without an implementation. */
export interface NotServed {
  readonly kind: 'other' | 'missing';
  readonly name: string;
}

/** A guard as it is written in a machine. */
export type WrittenGuard =
  | { readonly kind: 'function'; readonly check: Implementation; readonly params: Params }
  | { readonly kind: 'and' | 'or' | 'not'; readonly parts: readonly unknown[] }
  | NotServed;

/** An action as it is written in a machine. */
export type WrittenAction =
  | { readonly kind: 'function'; readonly exec: Implementation; readonly params: Params }
  | { readonly kind: 'assign'; readonly assignment: unknown; readonly params: Params }
  | { readonly kind: 'sendTo'; readonly send: WrittenSend; readonly params: Params }
  | NotServed;

/** `sendTo` or `sendParent`. */
export interface WrittenSend {
  readonly to: unknown;
  readonly event: unknown;
  readonly delay: unknown;
  /** Sends after the transition, so that the receiver finds the sender in its new state. */
  execute(actor: Acting, target: AnyActorRef, event: unknown): void;
}

const CHECKS = new Map<unknown, 'and' | 'or' | 'not' | 'stateIn'>([
  [field(and([]), 'check'), 'and'],
  [field(or([]), 'check'), 'or'],
  [field(not(''), 'check'), 'not'],
  [field(stateIn(''), 'check'), 'stateIn'],
]);

export function readGuard({ implementations }: AnyStateMachine, guard: unknown): WrittenGuard {
  const { name, found, params } = lookUp(implementations.guards, guard);
  if (!isFunction(found)) return { kind: 'missing', name };
  if (!('check' in found)) return { kind: 'function', check: found, params };
  const kind = CHECKS.get(found['check']);
  const parts = found['guards'];
  return kind === undefined || kind === 'stateIn' || !Array.isArray(parts)
    ? { kind: 'other', name: kind ?? name }
    : { kind, parts };
}

export function readAction({ implementations }: AnyStateMachine, action: unknown): WrittenAction {
  const { name, found, params } = lookUp(implementations.actions, action);
  if (!isFunction(found)) return { kind: 'missing', name };
  if (!('resolve' in found)) return { kind: 'function', exec: found, params };
  const { type, execute } = found;
  if (type === 'xstate.assign') return { kind: 'assign', assignment: found['assignment'], params };
  if (type !== 'xstate.sendTo' || !isFunction(execute))
    return { kind: 'other', name: String(type).replace(/^xstate\./, '') };
  const send: WrittenSend = {
    to: found['to'],
    event: found['event'],
    delay: found['delay'],
    execute: (actor, target, event) => void execute(actor, { to: target, event }),
  };
  return { kind: 'sendTo', send, params };
}

/** Written as a name, as a name with parameters, or in place. */
function lookUp(implementations: Readonly<Record<string, unknown>>, written: unknown) {
  if (typeof written === 'string')
    return { name: written, found: implementations[written], params: undefined };
  if (typeof written === 'function') return { name: written.name, found: written, params: undefined };
  const name = String(field(written, 'type'));
  return { name, found: implementations[name], params: field(written, 'params') };
}

function field(thing: unknown, name: string): unknown {
  return (typeof thing === 'object' && thing !== null) || typeof thing === 'function'
    ? Reflect.get(thing, name)
    : undefined;
}

/** @returns the actor that a name in `sendTo` refers to, if there is one */
export function namedTarget(actor: Acting, name: string): AnyActorRef | undefined {
  if (name === '#_parent') return actor.parent;
  if (name === '#_internal') return actor.self;
  return actor.child(name.startsWith('#_') ? name.slice(2) : name);
}

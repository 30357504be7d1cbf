/**
 * Binds the actions of a machine to their implementations. A machine declares the names of its actions with `unbound`,
 * and with `unboundWith` those that take parameters. One file in `src/sleigh` binds them with `bind`, which takes a
 * record of exactly these names, so a missing or misspelled one does not compile.
 */
import {
  StateMachine,
  type ActorRefFrom,
  type AnyActorRef,
  type AnyStateMachine,
  type ContextFrom,
  type EventFrom,
} from 'xstate';

declare const IS_UNBOUND: unique symbol;
/** Marks the type of an action that is not bound yet. No value has this field. */
export interface Unbound {
  readonly [IS_UNBOUND]?: true;
}
type UnboundAction = (args: unknown, params: Unbound | undefined) => void;
type UnboundWith<Params> = (args: unknown, params: Params & Unbound) => void;

/** @returns actions with these names; each throws an error that names it if it is run before it is bound */
export const unbound = <Name extends string>(...names: readonly Name[]): Record<Name, UnboundAction> =>
  Object.fromEntries(names.map((name) => [name, unboundAction(name)])) as Record<Name, UnboundAction>;

/**
 * The same for actions with parameters: `unboundWith<{ refuse: { because: string } }>({ refuse: true })`. A transition
 * names such an action with its parameters: `{ type: 'refuse', params: { because: 'full' } }`.
 * @param names each of them
 */
export const unboundWith = <Params extends Record<string, object>>(
  names: Readonly<Record<keyof Params, true>>,
): AllWith<Params> =>
  Object.fromEntries(Object.keys(names).map((name) => [name, unboundAction(name)])) as AllWith<Params>;

type AllWith<Params> = { [Name in keyof Params]: UnboundWith<Params[Name]> };

function unboundAction(name: string): (args: unknown, params: never) => void {
  const action = (): never => {
    throw new Error(`the action "${name}" is not bound: give its machine an implementation with bind()`);
  };
  return Object.assign(action, { isUnbound: true });
}

type ActionOf<Machine> =
  Machine extends StateMachine<
    infer _Context,
    infer _Event,
    infer _Children,
    infer _Actor,
    infer Action,
    infer _Guard,
    infer _Delay,
    infer _Value,
    infer _Tag,
    infer _Input,
    infer _Output,
    infer _Emitted,
    infer _Meta,
    infer _Config
  >
    ? Action
    : never;

type UnboundName<Action> = Action extends { readonly type: infer Name; readonly params: infer Params }
  ? typeof IS_UNBOUND extends keyof NonNullable<Params>
    ? Name
    : never
  : never;

/** The parameters of the action of that name. */
type ParamsOf<Action, Name> = Action extends { readonly type: Name; readonly params: infer Params }
  ? Omit<NonNullable<Params>, typeof IS_UNBOUND>
  : never;

/** The names of the unbound actions of a machine. */
export type CommandOf<Machine extends AnyStateMachine> = UnboundName<ActionOf<Machine>> & string;

/** The actor that runs an action, and the event. */
interface Command<Machine extends AnyStateMachine> {
  readonly context: ContextFrom<Machine>;
  readonly event: EventFrom<Machine>;
  readonly self: ActorRefFrom<Machine>;
}

/**
 * One function for each action that the machine leaves open. @typeParam Owner the owner of the actors, such as a job
 */
export type Implementations<Machine extends AnyStateMachine, Owner> = {
  readonly [Name in CommandOf<Machine>]: (
    owner: Owner,
    command: Command<Machine>,
    params: ParamsOf<ActionOf<Machine>, Name>,
  ) => void;
};

/** All actors of one owner are in one actor system, and no others. */
export type ActorSystem = AnyActorRef['system'];

/** The types of `provide`, which do not say which machine the calling actors belong to. */
type ProvidedActions = AnyStateMachine['implementations']['actions'];

/**
 * A machine is bound once for all owners, because XState prepares a machine again for each `provide`, which takes as
 * long as hundreds of events.
 * @param ownerOf finds the owner of an actor by its system, each time that the actor runs an action
 * @returns the same machine, with these functions as its actions
 */
export function bind<Machine extends AnyStateMachine, Owner>(
  machine: Machine,
  ownerOf: (system: ActorSystem) => Owner,
  implementations: Implementations<Machine, Owner>,
): Machine {
  const actions = Object.entries<(owner: Owner, command: Command<Machine>, params: never) => void>(
    implementations,
  ).map(([name, carryOut]) => [
    name,
    (command: Command<Machine> & { readonly system: ActorSystem }, params: never): void =>
      carryOut(ownerOf(command.system), command, params),
  ]);
  return machine.provide({ actions: Object.fromEntries(actions) as ProvidedActions }) as Machine;
}

/** @returns the same machine without any actions, including its children: for observers that only follow its states */
export function withoutEffects<Machine extends AnyStateMachine>(machine: Machine): Machine {
  const { actions, actors } = machine.implementations;
  const open = Object.entries(actions).filter(([, action]) => action !== undefined && 'isUnbound' in action);
  const children = Object.entries(actors).flatMap(([name, child]): [string, AnyStateMachine][] =>
    child instanceof StateMachine ? [[name, withoutEffects<AnyStateMachine>(child)]] : [],
  );
  return machine.provide({
    actions: Object.fromEntries(open.map(([name]) => [name, () => undefined])),
    actors: Object.fromEntries(children),
  }) as Machine;
}

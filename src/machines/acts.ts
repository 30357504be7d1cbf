/**
 * What guards and actions of a chart come to, worked out once for `compiled.ts`: custom actions, `assign`, `sendTo` and
 * `sendParent` without delay. Others are left to the interpreter.
 */
import type {
  AnyActorRef,
  AnyActorScope,
  AnyEventObject,
  AnyMachineSnapshot,
  AnyStateMachine,
  MachineContext,
} from 'xstate';

export type Guard = (snapshot: AnyMachineSnapshot, event: AnyEventObject) => boolean;

/**
 * Does one action.
 * @param snapshot that before the transition
 * @returns the context after it
 */
export type Act = (
  context: MachineContext,
  event: AnyEventObject,
  scope: AnyActorScope,
  snapshot: AnyMachineSnapshot,
) => MachineContext;

/** What XState hands to the functions of a chart. */
interface Info {
  readonly context: MachineContext;
  readonly event: AnyEventObject;
}

/** Of a setup: functions, and those that XState makes, which carry what they were made of. */
type Made = ((...args: unknown[]) => unknown) & Readonly<Record<string, unknown>>;
const isMade = (found: unknown): found is Made => typeof found === 'function';

/** @returns undefined for a guard that is not known */
export function guardOf(machine: AnyStateMachine, guard: unknown): Guard | undefined {
  if (guard === undefined) return () => true;
  const found: unknown = typeof guard === 'string' ? machine.implementations.guards[guard] : guard;
  if (!isMade(found)) return undefined;
  // `and`, `or` and `not` ask their parts by themselves.
  const { check } = found;
  if (isMade(check)) return (snapshot, event) => Boolean(check(snapshot, infoOf(snapshot, event), found));
  return (snapshot, event) => Boolean(found(infoOf(snapshot, event)));
}

const infoOf = ({ context }: AnyMachineSnapshot, event: AnyEventObject): Info => ({ context, event });

/** @returns undefined when one of them has to be left to the interpreter */
export function actsOf(machine: AnyStateMachine, actions: readonly unknown[]): Act[] | undefined {
  const acts = actions.map((action) => actOf(machine, action));
  const known = acts.filter((act) => act !== undefined);
  return known.length === acts.length ? known : undefined;
}

function actOf(machine: AnyStateMachine, action: unknown): Act | undefined {
  const found: unknown = typeof action === 'string' ? machine.implementations.actions[action] : action;
  if (!isMade(found)) return undefined;
  if (!('resolve' in found)) return custom(typeof action === 'string' ? action : found.name, found);
  if (found['type'] === 'xstate.assign') return assigning(found['assignment']);
  return found['type'] === 'xstate.sendTo' && found['delay'] === undefined ? sending(found) : undefined;
}

const custom =
  (type: string, exec: Made): Act =>
  (context, event, { actionExecutor, self, system }) => {
    actionExecutor({ type, info: { context, event, self, system }, params: undefined, exec });
    return context;
  };

const cannotSpawn = (): never => {
  throw new Error('a chart that is compiled spawns its actors when it begins');
};

function assigning(assignment: unknown): Act | undefined {
  if (isMade(assignment))
    return (context, event, { self, system }) =>
      Object.assign({}, context, assignment({ context, event, self, system, spawn: cannotSpawn }));
  if (typeof assignment !== 'object' || assignment === null) return undefined;
  if (Object.values(assignment).some(isMade)) return undefined;
  return (context) => Object.assign({}, context, assignment);
}

/** What the events of a chart are sent to: its parent, or a child that it has. */
const PARENT = '#_parent';

function sending({ to, event: eventOf, execute }: Made): Act | undefined {
  if (typeof to !== 'string' || !isMade(execute)) return undefined;
  return (context, event, scope, { children }) => {
    const { self, system } = scope;
    const target: AnyActorRef | undefined = to === PARENT ? self._parent : children[to];
    if (target === undefined) throw new Error(`"${self.id}" has no "${to}" to send an event to`);
    const sent = isMade(eventOf) ? eventOf({ context, event, self, system }) : eventOf;
    // It is sent when the transition is over: whoever hears of it finds the sender in its new state.
    execute(scope, { to: target, event: sent });
    return context;
  };
}

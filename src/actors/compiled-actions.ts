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

export type Guard = (context: MachineContext, event: AnyEventObject, actor: Acting) => boolean;

/** Does one action. @returns the context after it */
export type CompiledAction = (
  context: MachineContext,
  event: AnyEventObject,
  actor: Acting,
) => MachineContext;

/** What it needs of the actor that does it. */
export type Acting = Pick<AnyActorScope, 'self' | 'system' | 'defer'>;

/** Of a setup: functions, and those that XState makes, which carry what they were made of. */
type Implementation = ((...args: unknown[]) => unknown) & Readonly<Record<string, unknown>>;
const isMade = (found: unknown): found is Implementation => typeof found === 'function';

/** @returns undefined for a guard that is not known */
export function guardOf(machine: AnyStateMachine, guard: unknown): Guard | undefined {
  if (guard === undefined) return () => true;
  const found: unknown = typeof guard === 'string' ? machine.implementations.guards[guard] : guard;
  if (!isMade(found)) return undefined;
  // `and`, `or` and `not` ask their parts by themselves.
  const { check } = found;
  if (isMade(check))
    return (context, event, { self }) => Boolean(check(self.getSnapshot(), { context, event }, found));
  return (context, event) => Boolean(found({ context, event }));
}

/** @returns undefined when one of them has to be left to the interpreter */
export function compiledActionsOf(
  machine: AnyStateMachine,
  actions: readonly unknown[],
): CompiledAction[] | undefined {
  const acts = actions.map((action) => actOf(machine, action));
  const known = acts.filter((act) => act !== undefined);
  return known.length === acts.length ? known : undefined;
}

const foundIn = (machine: AnyStateMachine, action: unknown): unknown =>
  typeof action === 'string' ? machine.implementations.actions[action] : action;

/** Whether an action is none of XState's own, which change the context, send, spawn and the like. */
export function isCustom(machine: AnyStateMachine, action: unknown): boolean {
  const found = foundIn(machine, action);
  return isMade(found) && !('resolve' in found);
}

function actOf(machine: AnyStateMachine, action: unknown): CompiledAction | undefined {
  const found = foundIn(machine, action);
  if (!isMade(found)) return undefined;
  if (isCustom(machine, action)) return custom(found);
  if (found['type'] === 'xstate.assign') return assigning(found['assignment']);
  return found['type'] === 'xstate.sendTo' && found['delay'] === undefined ? sending(found) : undefined;
}

const custom =
  (exec: Implementation): CompiledAction =>
  (context, event, { self, system }) => {
    exec({ context, event, self, system });
    return context;
  };

export const cannotSpawn = (): never => {
  throw new Error('a chart that is compiled spawns its actors when it begins');
};

function assigning(assignment: unknown): CompiledAction | undefined {
  if (isMade(assignment))
    return (context, event, { self, system }) =>
      Object.assign({}, context, assignment({ context, event, self, system, spawn: cannotSpawn }));
  if (typeof assignment !== 'object' || assignment === null) return undefined;
  if (Object.values(assignment).some(isMade)) return undefined;
  return (context) => Object.assign({}, context, assignment);
}

/** What the events of a chart are sent to: its parent, or a child that it has. */
const PARENT = '#_parent';

const childrenOf = ({ children }: AnyMachineSnapshot) => children;

function sending({ to, event: eventOf, execute }: Implementation): CompiledAction | undefined {
  if (typeof to !== 'string' || !isMade(execute)) return undefined;
  return (context, event, actor) => {
    const { self, system } = actor;
    const target: AnyActorRef | undefined = to === PARENT ? self._parent : childrenOf(self.getSnapshot())[to];
    if (target === undefined) throw new Error(`"${self.id}" has no "${to}" to send an event to`);
    const sent = isMade(eventOf) ? eventOf({ context, event, self, system }) : eventOf;
    // It is sent when the transition is over: whoever hears of it finds the sender in its new state.
    execute(actor, { to: target, event: sent });
    return context;
  };
}

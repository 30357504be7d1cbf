/** Compiles the guards and actions of a machine. */
import type { AnyActorRef, AnyEventObject, AnyStateMachine, MachineContext } from 'xstate';
import { NotCompilableError } from './not-compilable.ts';
import {
  cannotSpawn,
  namedTarget,
  readAction,
  readGuard,
  type Acting,
  type Implementation,
  type NotServed,
  type Params,
  type WrittenSend,
} from './xstate-internals.ts';

/** What guards decide by. It is made once for all guards of an event. */
export interface GuardArgs {
  readonly context: MachineContext;
  readonly event: AnyEventObject;
}

export type CompiledGuard = (args: GuardArgs) => boolean;

/** Does one action. @returns the context after it */
export type CompiledAction = (
  context: MachineContext,
  event: AnyEventObject,
  actor: Acting,
) => MachineContext;

/** @throws NotCompilableError for a guard that is outside of the subset */
export function compiledGuard(machine: AnyStateMachine, state: string, guard: unknown): CompiledGuard {
  const written = readGuard(machine, guard);
  if (written.kind === 'function') return checking(written.check, parameters(written.params));
  if (!('parts' in written)) throw refusal(machine, state, 'guard', written);
  const parts = written.parts.map((part) => compiledGuard(machine, state, part));
  if (written.kind === 'and') return (args) => parts.every((part) => part(args));
  if (written.kind === 'or') return (args) => parts.some((part) => part(args));
  const [negated = unguarded] = parts;
  return (args) => !negated(args);
}

const unguarded: CompiledGuard = () => true;

/** @throws NotCompilableError for an action that is outside of the subset */
export function compiledAction(machine: AnyStateMachine, state: string, action: unknown): CompiledAction {
  const written = readAction(machine, action);
  if (!('params' in written)) throw refusal(machine, state, 'action', written);
  const paramsOf = parameters(written.params);
  if (written.kind === 'function') return custom(written.exec, paramsOf);
  if (written.kind === 'assign') return assigning(written.assignment, paramsOf);
  if (written.send.delay !== undefined)
    throw new NotCompilableError(machine, state, 'an event that is sent after a delay');
  return sending(machine, written.send, paramsOf);
}

const refusal = (
  machine: AnyStateMachine,
  state: string,
  what: 'guard' | 'action',
  { kind, name }: NotServed,
): NotCompilableError =>
  new NotCompilableError(
    machine,
    state,
    `the ${what} "${name}"${kind === 'missing' ? ', which is not implemented' : ''}`,
  );

/** @returns the name of an action of XState's, such as `assign`; none for one of the machine's own */
export function notCustom(machine: AnyStateMachine, action: unknown): string[] {
  const written = readAction(machine, action);
  if (written.kind === 'function') return [];
  return [`the action "${'name' in written ? written.name : written.kind}"`];
}

type ParamsOf = (args: GuardArgs) => unknown;

/** @returns undefined for an action or guard without parameters */
function parameters(params: Params): ParamsOf | undefined {
  if (typeof params === 'function') return (args) => Reflect.apply(params, undefined, [args]);
  return params === undefined ? undefined : () => params;
}

const checking = (check: Implementation, paramsOf: ParamsOf | undefined): CompiledGuard =>
  paramsOf === undefined ? (args) => Boolean(check(args)) : (args) => Boolean(check(args, paramsOf(args)));

function custom(exec: Implementation, paramsOf: ParamsOf | undefined): CompiledAction {
  if (paramsOf === undefined)
    return (context, event, { self, system }) => {
      exec({ context, event, self, system });
      return context;
    };
  return (context, event, { self, system }) => {
    exec({ context, event, self, system }, paramsOf({ context, event }));
    return context;
  };
}

/** @param assignment a function, or an object with functions and values */
function assigning(assignment: unknown, paramsOf: ParamsOf | undefined): CompiledAction {
  if (isFunction(assignment))
    return (context, event, { self, system }) =>
      Object.assign(
        {},
        context,
        assignment({ context, event, self, system, spawn: cannotSpawn }, paramsOf?.({ context, event })),
      );
  const fields = Object.entries(assignment ?? {});
  if (!fields.some(([, value]) => isFunction(value)))
    return (context) => Object.assign({}, context, assignment);
  return (context, event, { self, system }) => {
    const args = { context, event, self, system, spawn: cannotSpawn };
    const params = paramsOf?.({ context, event });
    const changes = fields.map(([name, value]) => [name, isFunction(value) ? value(args, params) : value]);
    return Object.assign({}, context, Object.fromEntries(changes));
  };
}

const isFunction = (value: unknown): value is (...args: unknown[]) => unknown => typeof value === 'function';

function sending(
  machine: AnyStateMachine,
  send: WrittenSend,
  paramsOf: ParamsOf | undefined,
): CompiledAction {
  const { to, event: eventOf } = send;
  return (context, event, actor) => {
    const { self, system } = actor;
    const args = { context, event, self, system };
    const params = paramsOf?.({ context, event });
    const sent = isFunction(eventOf) ? eventOf(args, params) : eventOf;
    const target = isFunction(to) ? to(args, params) : to;
    send.execute(
      actor,
      typeof target === 'string' ? named(machine, actor, target) : refOf(target, self),
      sent,
    );
    return context;
  };
}

function named(machine: AnyStateMachine, actor: Acting, name: string): AnyActorRef {
  const target = namedTarget(actor, name);
  if (target === undefined)
    throw new Error(`"${actor.self.id}" (${machine.id}) has no actor "${name}" to send an event to.`);
  return target;
}

/** As in XState, an event without a target goes to the actor itself. */
const refOf = (target: unknown, self: AnyActorRef): AnyActorRef => (target ?? self) as AnyActorRef;
